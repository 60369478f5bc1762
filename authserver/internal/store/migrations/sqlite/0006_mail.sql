-- +goose Up
-- Links that were sent to somebody: to choose a new password, to confirm a new
-- address. bound: digest of the password hash it was made under, so that
-- another password makes it void.
CREATE TABLE links (
    digest     BLOB PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('reset', 'email')),
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email      TEXT NOT NULL,
    bound      BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at    TIMESTAMP
);
CREATE INDEX links_user ON links (user_id);
CREATE INDEX links_expiry ON links (expires_at);

-- When a resource server last asked about the chain's access token, to the minute.
ALTER TABLE chains ADD COLUMN asked_at TIMESTAMP;
