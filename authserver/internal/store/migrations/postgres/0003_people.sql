-- +goose Up
-- A deactivated user gives the address free; former_email lets the operator
-- take the deactivation back. A deleted user keeps neither.
ALTER TABLE users ADD COLUMN former_email text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN deleted_at timestamptz;

CREATE TABLE devices (
    id          uuid PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device_id   text        NOT NULL,
    name        text        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('ios', 'android', 'web')),
    os_version  text        NOT NULL,
    app_version text        NOT NULL,
    created_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    ended_at    timestamptz
);
CREATE UNIQUE INDEX devices_user_device ON devices (user_id, device_id);

-- Right password, second factor still to come.
CREATE TABLE pending_signins (
    digest     bytea PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX pending_signins_user ON pending_signins (user_id);
CREATE INDEX pending_signins_expiry ON pending_signins (expires_at);

-- The secret is readable, because codes are computed from it: sealed under a
-- key that is not in the database. last_step: no code is accepted twice.
CREATE TABLE second_factors (
    user_id      uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed       bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step    bigint      NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
    digest     bytea PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX recovery_codes_user ON recovery_codes (user_id);

-- Invite codes let somebody sign up on this instance.
CREATE TABLE invites (
    id         uuid PRIMARY KEY,
    digest     bytea       NOT NULL UNIQUE,
    email      text        NOT NULL DEFAULT '',
    note       text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    used_at    timestamptz,
    used_by    uuid,
    revoked_at timestamptz
);

-- Invitations let somebody sign up into a family.
CREATE TABLE invitations (
    id          uuid PRIMARY KEY,
    digest      bytea       NOT NULL UNIQUE,
    family_id   uuid        NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    email       text        NOT NULL,
    role        text        NOT NULL CHECK (role IN ('admin', 'member', 'guest')),
    invited_by  uuid        NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    accepted_at timestamptz,
    accepted_by uuid,
    revoked_at  timestamptz
);
CREATE INDEX invitations_family ON invitations (family_id);
-- One open invitation for an address and a family.
CREATE UNIQUE INDEX invitations_open ON invitations (family_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- What the resource API still has to be told. A row goes when it was told.
CREATE TABLE outbox (
    id         uuid PRIMARY KEY,
    kind       text        NOT NULL,
    subject    text        NOT NULL,
    created_at timestamptz NOT NULL,
    next_at    timestamptz NOT NULL,
    attempts   integer     NOT NULL DEFAULT 0
);
CREATE INDEX outbox_next ON outbox (next_at);
