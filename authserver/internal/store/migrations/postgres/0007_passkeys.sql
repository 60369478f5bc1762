-- +goose Up
CREATE TABLE passkeys (
    id              uuid PRIMARY KEY,
    user_id         uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id   bytea       NOT NULL,
    public_key      bytea       NOT NULL,
    sign_count      bigint      NOT NULL,
    backup_eligible boolean     NOT NULL,
    backed_up       boolean     NOT NULL,
    aaguid          bytea       NOT NULL,
    transports      text        NOT NULL,
    name            text        NOT NULL,
    created_at      timestamptz NOT NULL,
    used_at         timestamptz
);
CREATE UNIQUE INDEX passkeys_credential ON passkeys (credential_id);
CREATE INDEX passkeys_user ON passkeys (user_id);

-- A challenge is claimed by deleting it: whoever deletes the row may answer.
CREATE TABLE passkey_challenges (
    digest     bytea PRIMARY KEY,
    purpose    text        NOT NULL CHECK (purpose IN ('register', 'signin', 'second_factor')),
    browser    bytea       NOT NULL,
    user_id    uuid REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_challenges_user ON passkey_challenges (user_id);
CREATE INDEX passkey_challenges_expiry ON passkey_challenges (expires_at);
