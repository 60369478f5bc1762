-- +goose Up
CREATE TABLE families (
    id         uuid PRIMARY KEY,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE users (
    id             uuid PRIMARY KEY,
    family_id      uuid        NOT NULL REFERENCES families (id),
    role           text        NOT NULL CHECK (role IN ('admin', 'member', 'guest')),
    operator       boolean     NOT NULL DEFAULT false,
    email          text        NOT NULL,
    password_hash  text        NOT NULL DEFAULT '',
    first_name     text        NOT NULL DEFAULT '',
    last_name      text        NOT NULL DEFAULT '',
    ui_layout      text        NOT NULL DEFAULT 'dashboard' CHECK (ui_layout IN ('dashboard', 'intro')),
    ai_enabled     boolean     NOT NULL DEFAULT false,
    second_factor  boolean     NOT NULL DEFAULT false,
    created_at     timestamptz NOT NULL,
    deactivated_at timestamptz
);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_family ON users (family_id);

CREATE TABLE clients (
    id                     text PRIMARY KEY,
    name                   text        NOT NULL,
    auth_method            text        NOT NULL CHECK (auth_method IN ('none', 'client_secret_basic', 'client_secret_post')),
    secret_digest          bytea,
    previous_secret_digest bytea,
    previous_secret_until  timestamptz,
    redirect_uris          text        NOT NULL,
    scopes                 text        NOT NULL,
    resource_server        boolean     NOT NULL DEFAULT false,
    first_party            boolean     NOT NULL DEFAULT false,
    owner_id               uuid REFERENCES users (id) ON DELETE CASCADE,
    created_at             timestamptz NOT NULL,
    disabled_at            timestamptz
);
CREATE INDEX clients_owner ON clients (owner_id);

CREATE TABLE signins (
    digest       bytea PRIMARY KEY,
    id           uuid        NOT NULL UNIQUE,
    user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    confirmed_at timestamptz NOT NULL,
    user_agent   text        NOT NULL DEFAULT '',
    address      text        NOT NULL DEFAULT '',
    ended_at     timestamptz
);
CREATE INDEX signins_user ON signins (user_id);
CREATE INDEX signins_expiry ON signins (expires_at);

CREATE TABLE consents (
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes     text        NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_client ON consents (client_id);

CREATE TABLE codes (
    digest       bytea PRIMARY KEY,
    chain_id     uuid        NOT NULL,
    client_id    text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scopes       text        NOT NULL,
    redirect_uri text        NOT NULL,
    challenge    text        NOT NULL,
    resource     text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    redeemed_at  timestamptz
);
CREATE INDEX codes_expiry ON codes (expires_at);

-- A chain holds its current pair. A refresh moves the row on in place and touches
-- no indexed column; whoever ends the chain learns from the same UPDATE which
-- access token was live.
CREATE TABLE chains (
    id                uuid PRIMARY KEY,
    client_id         text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id           uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scopes            text NOT NULL,
    resource          text NOT NULL DEFAULT '',
    device_id         uuid,
    origin            text NOT NULL CHECK (origin IN ('code', 'login', 'sso')),
    created_at        timestamptz NOT NULL,
    ends_at           timestamptz,
    ended_at          timestamptz,
    end_reason        text NOT NULL DEFAULT '',
    generation        integer NOT NULL DEFAULT 1, -- refresh tokens issued
    refresh_digest    bytea NOT NULL,
    access_digest     bytea NOT NULL,
    access_scopes     text NOT NULL,
    access_issued_at  timestamptz NOT NULL,
    access_expires_at timestamptz NOT NULL,
    live_until        timestamptz NOT NULL -- when the refresh token expires
) WITH (fillfactor = 80);
CREATE INDEX chains_user ON chains (user_id);
CREATE INDEX chains_client ON chains (client_id);

-- Which chain a token belongs to: the current access token and every refresh
-- token. Spent refresh tokens stay until they expire; that is what makes reuse
-- visible. There is no foreign key: rows are only ever written by the statement
-- that opens or moves their chain, and without a live chain they open nothing.
CREATE TABLE tokens (
    digest     bytea PRIMARY KEY,
    chain_id   uuid NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX tokens_expiry ON tokens (expires_at);

-- The current pair of a chain, sealed under the refresh token it was given for,
-- as long as that may be presented again.
CREATE TABLE seals (
    chain_id      uuid PRIMARY KEY,
    parent_digest bytea NOT NULL,
    sealed        bytea NOT NULL,
    sealed_at     timestamptz NOT NULL
) WITH (fillfactor = 50);
