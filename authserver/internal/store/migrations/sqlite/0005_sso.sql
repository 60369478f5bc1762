-- +goose Up
-- Accounts at OpenID providers, by provider and subject; never by address. A
-- blocked one stays when its user goes, so that it stays blocked.
CREATE TABLE identities (
    id         TEXT PRIMARY KEY,
    provider   TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_id    TEXT REFERENCES users (id) ON DELETE SET NULL,
    email      TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL,
    used_at    TIMESTAMP,
    blocked_at TIMESTAMP
);
CREATE UNIQUE INDEX identities_subject ON identities (provider, subject);
CREATE INDEX identities_user ON identities (user_id);

-- Browsers that were sent to a provider. digest: of the state. Nonce and PKCE
-- verifier are computed from the browser's cookie, which only the browser has.
CREATE TABLE sso_roundtrips (
    digest      BLOB PRIMARY KEY,
    provider    TEXT NOT NULL,
    purpose     TEXT NOT NULL CHECK (purpose IN ('signin', 'link', 'mobile')),
    browser     BLOB NOT NULL,
    user_id     TEXT REFERENCES users (id) ON DELETE CASCADE,
    return_to   TEXT NOT NULL DEFAULT '',
    device_id   TEXT NOT NULL DEFAULT '',
    device_name TEXT NOT NULL DEFAULT '',
    device_kind TEXT NOT NULL DEFAULT '',
    os_version  TEXT NOT NULL DEFAULT '',
    app_version TEXT NOT NULL DEFAULT '',
    challenge   TEXT NOT NULL DEFAULT '',
    created_at  TIMESTAMP NOT NULL,
    expires_at  TIMESTAMP NOT NULL
);
CREATE INDEX sso_roundtrips_expiry ON sso_roundtrips (expires_at);

-- Codes an app exchanges for tokens. bound: digest of the user's password hash.
CREATE TABLE sso_codes (
    digest      BLOB PRIMARY KEY,
    stage       TEXT NOT NULL CHECK (stage IN ('second_factor', 'exchange')),
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    bound       BLOB NOT NULL,
    device_id   TEXT NOT NULL,
    device_name TEXT NOT NULL,
    device_kind TEXT NOT NULL,
    os_version  TEXT NOT NULL,
    app_version TEXT NOT NULL,
    challenge   TEXT NOT NULL DEFAULT '',
    created_at  TIMESTAMP NOT NULL,
    expires_at  TIMESTAMP NOT NULL,
    redeemed_at TIMESTAMP
);
CREATE INDEX sso_codes_user ON sso_codes (user_id);
CREATE INDEX sso_codes_expiry ON sso_codes (expires_at);

-- People a provider vouched for and who belong to no user yet, by linking code.
CREATE TABLE sso_newcomers (
    digest         BLOB PRIMARY KEY,
    provider       TEXT NOT NULL,
    subject        TEXT NOT NULL,
    email          TEXT NOT NULL DEFAULT '',
    email_verified BOOLEAN NOT NULL,
    first_name     TEXT NOT NULL DEFAULT '',
    last_name      TEXT NOT NULL DEFAULT '',
    device_id      TEXT NOT NULL DEFAULT '',
    device_name    TEXT NOT NULL DEFAULT '',
    device_kind    TEXT NOT NULL DEFAULT '',
    os_version     TEXT NOT NULL DEFAULT '',
    app_version    TEXT NOT NULL DEFAULT '',
    challenge      TEXT NOT NULL DEFAULT '',
    return_to      TEXT NOT NULL DEFAULT '',
    failures       INTEGER NOT NULL DEFAULT 0,
    created_at     TIMESTAMP NOT NULL,
    expires_at     TIMESTAMP NOT NULL,
    used_at        TIMESTAMP
);
CREATE INDEX sso_newcomers_expiry ON sso_newcomers (expires_at);
