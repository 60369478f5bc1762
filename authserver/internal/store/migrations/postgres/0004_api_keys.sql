-- +goose Up
-- A key opens something while it is not revoked and both expires_at and
-- overlap_until lie ahead. It is active while it has no successor either: one
-- active key for each user and source, and one of each name.
CREATE TABLE api_keys (
    id             uuid PRIMARY KEY,
    digest         bytea       NOT NULL UNIQUE,
    user_id        uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name           text        NOT NULL,
    scopes         text        NOT NULL CHECK (scopes IN ('read', 'read_write')),
    source         text        NOT NULL CHECK (source IN ('web', 'mobile', 'monitoring')),
    tier           text        NOT NULL CHECK (tier IN ('standard', 'premium', 'enterprise', 'unlimited')),
    last_four      text        NOT NULL,
    allowed_cidrs  text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz,
    revoked_at     timestamptz,
    revoke_reason  text        NOT NULL DEFAULT '',
    predecessor_id uuid,
    superseded_at  timestamptz,
    overlap_until  timestamptz,
    last_used_at   timestamptz,
    last_used_from text        NOT NULL DEFAULT '',
    hour_at        timestamptz,
    hour_requests  bigint      NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX api_keys_source ON api_keys (user_id, source) WHERE revoked_at IS NULL AND superseded_at IS NULL;
CREATE UNIQUE INDEX api_keys_name ON api_keys (user_id, name) WHERE revoked_at IS NULL AND superseded_at IS NULL;
CREATE INDEX api_keys_user ON api_keys (user_id);
CREATE INDEX api_keys_revoked ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;
