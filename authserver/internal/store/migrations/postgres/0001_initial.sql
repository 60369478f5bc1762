-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

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
    deactivated_at timestamptz,
    -- A deactivated user gives the address free; former_email lets the operator
    -- take the deactivation back. A deleted user keeps neither.
    former_email   text        NOT NULL DEFAULT '',
    deleted_at     timestamptz,
    -- A closed account keeps its address and can be restored until erase_at.
    erase_at       timestamptz,
    -- After a password reset, until the person has said what may sign in again.
    review         BOOLEAN NOT NULL DEFAULT false,
    -- When the person proved to read what is sent to email.
    email_confirmed_at timestamptz,
    -- That of the last sign-in: emails are written in it.
    language       text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_family ON users (family_id);
CREATE INDEX users_erase ON users (erase_at) WHERE erase_at IS NOT NULL;

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
    refresh_overlap        integer NOT NULL DEFAULT 0, -- seconds
    disabled_at            timestamptz,
    -- introduced: how it came without the operator and without a person. keys: digest
    -- of those in its document. management: digest of its registration access token.
    -- shared: digest of what equal registrations have in common.
    introduced             text NOT NULL DEFAULT '' CHECK (introduced IN ('', 'registration', 'document')),
    keys                   text NOT NULL DEFAULT '',
    management             bytea,
    shared                 bytea,
    seen_at                timestamptz,
    localhost_ports        boolean NOT NULL DEFAULT false,
    pushed_only            boolean NOT NULL DEFAULT false,
    device_grant           boolean NOT NULL DEFAULT false
);
CREATE INDEX clients_owner ON clients (owner_id);
CREATE UNIQUE INDEX clients_shared ON clients (shared) WHERE shared IS NOT NULL;
CREATE INDEX clients_seen ON clients (seen_at, id) WHERE introduced <> '';

-- Authorization requests by reference. single: as a client has pushed it, which is
-- used once. client_id names no row: a client may be known by its document alone.
CREATE TABLE authorization_requests (
    digest     bytea PRIMARY KEY,
    client_id  text NOT NULL,
    parameters text NOT NULL,
    pushed     boolean NOT NULL,
    single     boolean NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX authorization_requests_expiry ON authorization_requests (expires_at, digest);

-- Devices that wait for somebody's approval (RFC 8628). Once it is given, the grant
-- has the device code as its code.
CREATE TABLE device_requests (
    digest        bytea PRIMARY KEY,
    user_code     bytea NOT NULL UNIQUE,
    client_id     text NOT NULL,
    scopes        text NOT NULL,
    resource      text NOT NULL,
    address       text NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    poll_interval integer NOT NULL, -- seconds
    next_poll     timestamptz,
    decided       text NOT NULL DEFAULT '' CHECK (decided IN ('', 'allowed', 'denied'))
);
CREATE INDEX device_requests_expiry ON device_requests (expires_at, digest);

-- Initial access tokens of RFC 7591: whoever holds one may register clients.
CREATE TABLE registration_tokens (
    id         uuid PRIMARY KEY,
    digest     bytea NOT NULL UNIQUE,
    note       text NOT NULL DEFAULT '',
    uses       integer NOT NULL DEFAULT 0, -- 0: any number
    used       integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);

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
CREATE INDEX signins_expiry ON signins (expires_at, digest);

CREATE TABLE consents (
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes     text        NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    terms      text NOT NULL DEFAULT '', -- what the client was when it was allowed
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_client ON consents (client_id);

-- A grant is one row all its life. What a refresh moves stands last and is in no
-- index, so that it is written in place and its log record is short. dead_day
-- moves once a day at most. Handles and digests are of tokens; see package grant.
CREATE TABLE grants (
    id              uuid PRIMARY KEY,
    client_id       text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id         uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    signin_id       uuid, -- that the code was made from
    device_id       uuid,
    origin          text NOT NULL CHECK (origin IN ('code', 'login', 'sso')),
    scopes          text NOT NULL,
    resource        text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL,
    code_digest     bytea,
    code_expires_at timestamptz,
    redirect_uri    text NOT NULL DEFAULT '',
    challenge       text NOT NULL DEFAULT '',
    redeemed_at     timestamptz, -- when it got its first tokens
    refresh_handle  bytea,
    access_handle   bytea,
    ends_at         timestamptz,
    ends_day        integer NOT NULL DEFAULT 2147483647, -- of ends_at
    ended_at        timestamptz,
    end_reason      text NOT NULL DEFAULT '',
    dead_day        integer NOT NULL, -- days since 1970 after which nothing of it is good
    used_at         timestamptz,

    generation         integer NOT NULL DEFAULT 0, -- refresh tokens issued
    access_scopes      text NOT NULL DEFAULT '',
    access_issued_at   timestamptz,
    access_expires_at  timestamptz,
    refresh_expires_at timestamptz,
    seal_used          boolean NOT NULL DEFAULT false, -- the current pair is in use
    refresh_digest     bytea,
    access_digest      bytea,
    parent_digest      bytea, -- of the refresh token that the current pair was given for
    seal               bytea  -- the current pair, sealed under that token
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX grants_refresh_handle ON grants (refresh_handle) WHERE refresh_handle IS NOT NULL;
CREATE UNIQUE INDEX grants_access_handle ON grants (access_handle) WHERE access_handle IS NOT NULL;
CREATE UNIQUE INDEX grants_code ON grants (code_digest) WHERE code_digest IS NOT NULL;
CREATE INDEX grants_pending ON grants (code_expires_at, id) WHERE redeemed_at IS NULL;
CREATE INDEX grants_user ON grants (user_id, client_id);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_dead ON grants (dead_day, id);

-- One row at most: the first user of the instance is its operator.
CREATE TABLE operator_claim (
    id         integer PRIMARY KEY CHECK (id = 1),
    user_id    uuid        NOT NULL,
    claimed_at timestamptz NOT NULL
);

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
CREATE INDEX devices_ended ON devices (ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX devices_seen ON devices (seen_at, id);

-- Browsers that somebody has signed in at. announced: the person was written about it
-- since everybody was signed out.
CREATE TABLE known_browsers (
    digest    bytea       NOT NULL,
    user_id   uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    seen_at   timestamptz NOT NULL,
    announced boolean     NOT NULL,
    PRIMARY KEY (digest, user_id)
);
CREATE INDEX known_browsers_user ON known_browsers (user_id);
CREATE INDEX known_browsers_seen ON known_browsers (seen_at, digest);

-- Right password, second factor still to come.
CREATE TABLE pending_signins (
    digest     bytea PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX pending_signins_user ON pending_signins (user_id);
CREATE INDEX pending_signins_expiry ON pending_signins (expires_at, digest);

-- The secret is readable, because codes are computed from it: sealed under a
-- key that is not in the database. last_step: no code is accepted twice.
CREATE TABLE second_factors (
    user_id      uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed       bytea       NOT NULL,
    confirmed_at timestamptz NOT NULL,
    last_step    bigint      NOT NULL DEFAULT 0
);

-- A secret that a browser shows and nobody has confirmed, for ten minutes.
CREATE TABLE second_factor_setups (
    signin_id  uuid PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sealed     bytea       NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX second_factor_setups_user ON second_factor_setups (user_id);
CREATE INDEX second_factor_setups_expiry ON second_factor_setups (expires_at, signin_id);

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
    revoked_at  timestamptz,
    mailed      boolean     NOT NULL DEFAULT false -- the code was sent to the address, and shown to nobody
);
CREATE INDEX invitations_family ON invitations (family_id);
CREATE INDEX invitations_by ON invitations (invited_by);
-- One open invitation for an address and a family.
CREATE UNIQUE INDEX invitations_open ON invitations (family_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- What somebody still has to be told: the resource API of a family, or a person by an
-- email, whose payload holds no secret. A row goes when it was told.
CREATE TABLE outbox (
    id         uuid PRIMARY KEY,
    kind       text        NOT NULL,
    subject    text        NOT NULL,
    payload    text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    next_at    timestamptz NOT NULL,
    attempts   integer     NOT NULL DEFAULT 0
);
CREATE INDEX outbox_next ON outbox (kind, next_at, id);
CREATE INDEX outbox_subject ON outbox (subject);

-- How many emails of a kind a person got since a time, so that nobody can flood a
-- mailbox.
CREATE TABLE letter_counts (
    user_id uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind    text        NOT NULL,
    since   timestamptz NOT NULL,
    letters integer     NOT NULL,
    PRIMARY KEY (user_id, kind)
);

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
CREATE INDEX api_keys_revoked ON api_keys (revoked_at, id) WHERE revoked_at IS NOT NULL;

-- Accounts at OpenID providers, by provider and subject; never by address. A
-- blocked one stays when its user goes, so that it stays blocked.
CREATE TABLE identities (
    id         uuid PRIMARY KEY,
    provider   TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_id    uuid REFERENCES users (id) ON DELETE SET NULL,
    email      TEXT NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    used_at    timestamptz,
    blocked_at timestamptz,
    suspended_at timestamptz -- by a password reset, until the person restores it
);
CREATE UNIQUE INDEX identities_subject ON identities (provider, subject);
CREATE INDEX identities_user ON identities (user_id);

-- Browsers that were sent to a provider. digest: of the state. Nonce and PKCE
-- verifier are computed from the browser's cookie, which only the browser has.
CREATE TABLE sso_login_states (
    digest      bytea PRIMARY KEY,
    provider    TEXT NOT NULL,
    purpose     TEXT NOT NULL CHECK (purpose IN ('signin', 'link', 'mobile')),
    browser     bytea NOT NULL,
    user_id     uuid REFERENCES users (id) ON DELETE CASCADE,
    return_to   TEXT NOT NULL DEFAULT '',
    device_id   TEXT NOT NULL DEFAULT '',
    device_name TEXT NOT NULL DEFAULT '',
    device_kind TEXT NOT NULL DEFAULT '',
    os_version  TEXT NOT NULL DEFAULT '',
    app_version TEXT NOT NULL DEFAULT '',
    challenge   TEXT NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX sso_login_states_expiry ON sso_login_states (expires_at, digest);

-- Codes an app exchanges for tokens. bound: digest of the user's password hash.
CREATE TABLE sso_codes (
    digest      bytea PRIMARY KEY,
    stage       TEXT NOT NULL CHECK (stage IN ('second_factor', 'exchange')),
    user_id     uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    bound       bytea NOT NULL,
    device_id   TEXT NOT NULL,
    device_name TEXT NOT NULL,
    device_kind TEXT NOT NULL,
    os_version  TEXT NOT NULL,
    app_version TEXT NOT NULL,
    challenge   TEXT NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    redeemed_at timestamptz
);
CREATE INDEX sso_codes_user ON sso_codes (user_id);
CREATE INDEX sso_codes_expiry ON sso_codes (expires_at, digest);

-- People a provider vouched for and who belong to no user yet, by linking code.
CREATE TABLE sso_unlinked_identities (
    digest         bytea PRIMARY KEY,
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
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    used_at        timestamptz
);
CREATE INDEX sso_unlinked_identities_expiry ON sso_unlinked_identities (expires_at, digest);

-- Links that were sent to somebody: to choose a new password, to confirm a new
-- address. bound: digest of the password hash it was made under, so that
-- another password makes it void.
CREATE TABLE links (
    digest     bytea PRIMARY KEY,
    kind       text NOT NULL CHECK (kind IN ('reset', 'email', 'restore')),
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email      text NOT NULL,
    bound      bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX links_user ON links (user_id);
CREATE INDEX links_expiry ON links (expires_at, digest);

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
    used_at         timestamptz,
    suspended_at    timestamptz -- by a password reset, until the person restores it
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
CREATE INDEX passkey_challenges_expiry ON passkey_challenges (expires_at, digest);

-- One value that is encrypted under AUTH_ENCRYPTION_KEY, to know the key by.
CREATE TABLE key_proof (
    id     integer PRIMARY KEY CHECK (id = 1),
    sealed bytea NOT NULL
);

-- The oldest programs that can work on this schema.
CREATE TABLE schema_compatibility (
    number integer NOT NULL
);
INSERT INTO schema_compatibility (number) VALUES (1);
