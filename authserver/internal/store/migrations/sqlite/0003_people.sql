-- +goose Up
-- A deactivated user gives the address free; former_email lets the operator
-- take the deactivation back. A deleted user keeps neither.
ALTER TABLE users ADD COLUMN former_email TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN deleted_at TIMESTAMP;

CREATE TABLE devices (
    id          TEXT PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device_id   TEXT NOT NULL,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('ios', 'android', 'web')),
    os_version  TEXT NOT NULL,
    app_version TEXT NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    seen_at     TIMESTAMP NOT NULL,
    ended_at    TIMESTAMP
);
CREATE UNIQUE INDEX devices_user_device ON devices (user_id, device_id);

-- Right password, second factor still to come.
CREATE TABLE pending_signins (
    digest     BLOB PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX pending_signins_user ON pending_signins (user_id);
CREATE INDEX pending_signins_expiry ON pending_signins (expires_at);

-- The secret is readable, because codes are computed from it: sealed under a
-- key that is not in the database. last_step: no code is accepted twice.
CREATE TABLE second_factors (
    user_id      TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed       BLOB NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    confirmed_at TIMESTAMP,
    last_step    INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
    digest     BLOB PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    used_at    TIMESTAMP
);
CREATE INDEX recovery_codes_user ON recovery_codes (user_id);

-- Invite codes let somebody sign up on this instance.
CREATE TABLE invites (
    id         TEXT PRIMARY KEY,
    digest     BLOB NOT NULL UNIQUE,
    email      TEXT NOT NULL DEFAULT '',
    note       TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP,
    used_at    TIMESTAMP,
    used_by    TEXT,
    revoked_at TIMESTAMP
);

-- Invitations let somebody sign up into a family.
CREATE TABLE invitations (
    id          TEXT PRIMARY KEY,
    digest      BLOB NOT NULL UNIQUE,
    family_id   TEXT NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    email       TEXT NOT NULL,
    role        TEXT NOT NULL CHECK (role IN ('admin', 'member', 'guest')),
    invited_by  TEXT NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    expires_at  TIMESTAMP NOT NULL,
    accepted_at TIMESTAMP,
    accepted_by TEXT,
    revoked_at  TIMESTAMP
);
CREATE INDEX invitations_family ON invitations (family_id);
-- One open invitation for an address and a family.
CREATE UNIQUE INDEX invitations_open ON invitations (family_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- What the resource API still has to be told. A row goes when it was told.
CREATE TABLE outbox (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    next_at    TIMESTAMP NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX outbox_next ON outbox (next_at);
