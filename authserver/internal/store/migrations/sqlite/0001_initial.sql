-- +goose Up
CREATE TABLE families (
    id         TEXT PRIMARY KEY,
    name       TEXT        NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE users (
    id             TEXT PRIMARY KEY,
    family_id      TEXT        NOT NULL REFERENCES families (id),
    role           TEXT        NOT NULL CHECK (role IN ('admin', 'member', 'guest')),
    operator       BOOLEAN     NOT NULL DEFAULT false,
    email          TEXT        NOT NULL,
    password_hash  TEXT        NOT NULL DEFAULT '',
    first_name     TEXT        NOT NULL DEFAULT '',
    last_name      TEXT        NOT NULL DEFAULT '',
    ui_layout      TEXT        NOT NULL DEFAULT 'dashboard' CHECK (ui_layout IN ('dashboard', 'intro')),
    ai_enabled     BOOLEAN     NOT NULL DEFAULT false,
    second_factor  BOOLEAN     NOT NULL DEFAULT false,
    created_at     TIMESTAMP NOT NULL,
    deactivated_at TIMESTAMP
);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_family ON users (family_id);

CREATE TABLE clients (
    id                     TEXT PRIMARY KEY,
    name                   TEXT        NOT NULL,
    auth_method            TEXT        NOT NULL CHECK (auth_method IN ('none', 'client_secret_basic', 'client_secret_post')),
    secret_digest          BLOB,
    previous_secret_digest BLOB,
    previous_secret_until  TIMESTAMP,
    redirect_uris          TEXT        NOT NULL,
    scopes                 TEXT        NOT NULL,
    resource_server        BOOLEAN     NOT NULL DEFAULT false,
    first_party            BOOLEAN     NOT NULL DEFAULT false,
    owner_id               TEXT REFERENCES users (id) ON DELETE CASCADE,
    created_at             TIMESTAMP NOT NULL,
    disabled_at            TIMESTAMP
);
CREATE INDEX clients_owner ON clients (owner_id);

CREATE TABLE signins (
    digest       BLOB PRIMARY KEY,
    id           TEXT        NOT NULL UNIQUE,
    user_id      TEXT        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   TIMESTAMP NOT NULL,
    seen_at      TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL,
    confirmed_at TIMESTAMP NOT NULL,
    user_agent   TEXT        NOT NULL DEFAULT '',
    address      TEXT        NOT NULL DEFAULT '',
    ended_at     TIMESTAMP
);
CREATE INDEX signins_user ON signins (user_id);
CREATE INDEX signins_expiry ON signins (expires_at);

CREATE TABLE consents (
    user_id    TEXT        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  TEXT        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes     TEXT        NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_client ON consents (client_id);

CREATE TABLE codes (
    digest       BLOB PRIMARY KEY,
    chain_id     TEXT        NOT NULL,
    client_id    TEXT        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id      TEXT        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scopes       TEXT        NOT NULL,
    redirect_uri TEXT        NOT NULL,
    challenge    TEXT        NOT NULL,
    resource     TEXT        NOT NULL DEFAULT '',
    created_at   TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL,
    redeemed_at  TIMESTAMP
);
CREATE INDEX codes_expiry ON codes (expires_at);

-- A chain holds its current pair. A refresh moves the row on in place and touches
-- no indexed column; whoever ends the chain learns from the same UPDATE which
-- access token was live.
CREATE TABLE chains (
    id                TEXT PRIMARY KEY,
    client_id         TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id           TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scopes            TEXT NOT NULL,
    resource          TEXT NOT NULL DEFAULT '',
    device_id         TEXT,
    origin            TEXT NOT NULL CHECK (origin IN ('code', 'login', 'sso')),
    created_at        TIMESTAMP NOT NULL,
    ends_at           TIMESTAMP,
    ended_at          TIMESTAMP,
    end_reason        TEXT NOT NULL DEFAULT '',
    generation        INTEGER NOT NULL DEFAULT 1, -- refresh tokens issued
    refresh_digest    BLOB NOT NULL,
    access_digest     BLOB NOT NULL,
    access_scopes     TEXT NOT NULL,
    access_issued_at  TIMESTAMP NOT NULL,
    access_expires_at TIMESTAMP NOT NULL,
    live_until        TIMESTAMP NOT NULL -- when the refresh token expires
);
CREATE INDEX chains_user ON chains (user_id);
CREATE INDEX chains_client ON chains (client_id);

-- Which chain a token belongs to: the current access token and every refresh
-- token. Spent refresh tokens stay until they expire; that is what makes reuse
-- visible. There is no foreign key: rows are only ever written by the statement
-- that opens or moves their chain, and without a live chain they open nothing.
CREATE TABLE tokens (
    digest     BLOB PRIMARY KEY,
    chain_id   TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX tokens_expiry ON tokens (expires_at);

-- The current pair of a chain, sealed under the refresh token it was given for,
-- as long as that may be presented again.
CREATE TABLE seals (
    chain_id      TEXT PRIMARY KEY,
    parent_digest BLOB NOT NULL,
    sealed        BLOB NOT NULL,
    sealed_at     TIMESTAMP NOT NULL
);
