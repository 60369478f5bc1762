-- +goose Up
-- A key opens something while it is not revoked and both expires_at and
-- overlap_until lie ahead. It is active while it has no successor either: one
-- active key for each user and source, and one of each name.
CREATE TABLE api_keys (
    id             TEXT PRIMARY KEY,
    digest         BLOB NOT NULL UNIQUE,
    user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    scopes         TEXT NOT NULL CHECK (scopes IN ('read', 'read_write')),
    source         TEXT NOT NULL CHECK (source IN ('web', 'mobile', 'monitoring')),
    tier           TEXT NOT NULL CHECK (tier IN ('standard', 'premium', 'enterprise', 'unlimited')),
    last_four      TEXT NOT NULL,
    allowed_cidrs  TEXT NOT NULL DEFAULT '',
    created_at     TIMESTAMP NOT NULL,
    expires_at     TIMESTAMP,
    revoked_at     TIMESTAMP,
    revoke_reason  TEXT NOT NULL DEFAULT '',
    predecessor_id TEXT,
    superseded_at  TIMESTAMP,
    overlap_until  TIMESTAMP,
    last_used_at   TIMESTAMP,
    last_used_from TEXT NOT NULL DEFAULT '',
    hour_at        TIMESTAMP,
    hour_requests  INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX api_keys_source ON api_keys (user_id, source) WHERE revoked_at IS NULL AND superseded_at IS NULL;
CREATE UNIQUE INDEX api_keys_name ON api_keys (user_id, name) WHERE revoked_at IS NULL AND superseded_at IS NULL;
CREATE INDEX api_keys_user ON api_keys (user_id);
CREATE INDEX api_keys_revoked ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;
