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
    deactivated_at TIMESTAMP,
    -- A deactivated user gives the address free; former_email lets the operator
    -- take the deactivation back. A deleted user keeps neither.
    former_email   TEXT        NOT NULL DEFAULT '',
    deleted_at     TIMESTAMP,
    -- A closed account keeps its address and can be restored until erase_at.
    erase_at       TIMESTAMP,
    -- After a password reset, until the person has said what may sign in again.
    review         BOOLEAN NOT NULL DEFAULT false,
    -- When the person proved to read what is sent to email.
    email_confirmed_at TIMESTAMP,
    -- That of the last sign-in: emails are written in it.
    language       TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_family ON users (family_id);
CREATE INDEX users_erase ON users (erase_at) WHERE erase_at IS NOT NULL;

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
    refresh_overlap        INTEGER NOT NULL DEFAULT 0, -- seconds
    disabled_at            TIMESTAMP,
    -- introduced: how it came without the operator and without a person. keys: digest
    -- of those in its document. management: digest of its registration access token.
    -- shared: digest of what equal registrations have in common.
    introduced             TEXT NOT NULL DEFAULT '' CHECK (introduced IN ('', 'registration', 'document')),
    keys                   TEXT NOT NULL DEFAULT '',
    management             BLOB,
    shared                 BLOB,
    seen_at                TIMESTAMP,
    localhost_ports        BOOLEAN NOT NULL DEFAULT false,
    pushed_only            BOOLEAN NOT NULL DEFAULT false,
    device_grant           BOOLEAN NOT NULL DEFAULT false
);
CREATE INDEX clients_owner ON clients (owner_id);
CREATE UNIQUE INDEX clients_shared ON clients (shared) WHERE shared IS NOT NULL;
CREATE INDEX clients_seen ON clients (seen_at, id) WHERE introduced <> '';

-- Authorization requests by reference. single: as a client has pushed it, which is
-- used once. client_id names no row: a client may be known by its document alone.
CREATE TABLE authorization_requests (
    digest     BLOB PRIMARY KEY,
    client_id  TEXT NOT NULL,
    parameters TEXT NOT NULL,
    pushed     BOOLEAN NOT NULL,
    single     BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX authorization_requests_expiry ON authorization_requests (expires_at, digest);

-- Devices that wait for somebody's approval (RFC 8628). Once it is given, the grant
-- has the device code as its code.
CREATE TABLE device_requests (
    digest        BLOB PRIMARY KEY,
    user_code     BLOB NOT NULL UNIQUE,
    client_id     TEXT NOT NULL,
    scopes        TEXT NOT NULL,
    resource      TEXT NOT NULL,
    address       TEXT NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    expires_at    TIMESTAMP NOT NULL,
    poll_interval INTEGER NOT NULL, -- seconds
    next_poll     TIMESTAMP,
    decided       TEXT NOT NULL DEFAULT '' CHECK (decided IN ('', 'allowed', 'denied'))
);
CREATE INDEX device_requests_expiry ON device_requests (expires_at, digest);

-- Initial access tokens of RFC 7591: whoever holds one may register clients.
CREATE TABLE registration_tokens (
    id         TEXT PRIMARY KEY,
    digest     BLOB NOT NULL UNIQUE,
    note       TEXT NOT NULL DEFAULT '',
    uses       INTEGER NOT NULL DEFAULT 0, -- 0: any number
    used       INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP,
    revoked_at TIMESTAMP
);

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
CREATE INDEX signins_expiry ON signins (expires_at, digest);

CREATE TABLE consents (
    user_id    TEXT        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  TEXT        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes     TEXT        NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    terms      TEXT NOT NULL DEFAULT '', -- what the client was when it was allowed
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_client ON consents (client_id);

-- A grant is one row all its life. What a refresh moves stands last and is in no
-- index, so that it is written in place and its log record is short. dead_day
-- moves once a day at most. Handles and digests are of tokens; see package grant.
CREATE TABLE grants (
    id              TEXT PRIMARY KEY,
    client_id       TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    signin_id       TEXT, -- that the code was made from
    device_id       TEXT,
    origin          TEXT NOT NULL CHECK (origin IN ('code', 'login', 'sso')),
    scopes          TEXT NOT NULL,
    resource        TEXT NOT NULL DEFAULT '',
    created_at      TIMESTAMP NOT NULL,
    code_digest     BLOB,
    code_expires_at TIMESTAMP,
    redirect_uri    TEXT NOT NULL DEFAULT '',
    challenge       TEXT NOT NULL DEFAULT '',
    redeemed_at     TIMESTAMP, -- when it got its first tokens
    refresh_handle  BLOB,
    access_handle   BLOB,
    ends_at         TIMESTAMP,
    ends_day        INTEGER NOT NULL DEFAULT 2147483647, -- of ends_at
    ended_at        TIMESTAMP,
    end_reason      TEXT NOT NULL DEFAULT '',
    dead_day        INTEGER NOT NULL, -- days since 1970 after which nothing of it is good
    used_at         TIMESTAMP,

    generation         INTEGER NOT NULL DEFAULT 0, -- refresh tokens issued
    access_scopes      TEXT NOT NULL DEFAULT '',
    access_issued_at   TIMESTAMP,
    access_expires_at  TIMESTAMP,
    refresh_expires_at TIMESTAMP,
    seal_used          BOOLEAN NOT NULL DEFAULT false, -- the current pair is in use
    refresh_digest     BLOB,
    access_digest      BLOB,
    parent_digest      BLOB, -- of the refresh token that the current pair was given for
    seal               BLOB  -- the current pair, sealed under that token
);
CREATE UNIQUE INDEX grants_refresh_handle ON grants (refresh_handle) WHERE refresh_handle IS NOT NULL;
CREATE UNIQUE INDEX grants_access_handle ON grants (access_handle) WHERE access_handle IS NOT NULL;
CREATE UNIQUE INDEX grants_code ON grants (code_digest) WHERE code_digest IS NOT NULL;
CREATE INDEX grants_pending ON grants (code_expires_at, id) WHERE redeemed_at IS NULL;
CREATE INDEX grants_user ON grants (user_id, client_id);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_dead ON grants (dead_day, id);

-- One row at most: the first user of the instance is its operator.
CREATE TABLE operator_claim (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    user_id    TEXT      NOT NULL,
    claimed_at TIMESTAMP NOT NULL
);

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
CREATE INDEX devices_ended ON devices (ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX devices_seen ON devices (seen_at, id);

-- Browsers that somebody has signed in at. announced: the person was written about it
-- since everybody was signed out.
CREATE TABLE known_browsers (
    digest    BLOB       NOT NULL,
    user_id   TEXT        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    seen_at   TIMESTAMP NOT NULL,
    announced BOOLEAN     NOT NULL,
    PRIMARY KEY (digest, user_id)
);
CREATE INDEX known_browsers_user ON known_browsers (user_id);
CREATE INDEX known_browsers_seen ON known_browsers (seen_at, digest);

-- Right password, second factor still to come.
CREATE TABLE pending_signins (
    digest     BLOB PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX pending_signins_user ON pending_signins (user_id);
CREATE INDEX pending_signins_expiry ON pending_signins (expires_at, digest);

-- The secret is readable, because codes are computed from it: sealed under a
-- key that is not in the database. last_step: no code is accepted twice.
CREATE TABLE second_factors (
    user_id      TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed       BLOB NOT NULL,
    confirmed_at TIMESTAMP NOT NULL,
    last_step    INTEGER NOT NULL DEFAULT 0
);

-- A secret that a browser shows and nobody has confirmed, for ten minutes.
CREATE TABLE second_factor_setups (
    signin_id  TEXT PRIMARY KEY,
    user_id    TEXT        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sealed     BLOB       NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX second_factor_setups_user ON second_factor_setups (user_id);
CREATE INDEX second_factor_setups_expiry ON second_factor_setups (expires_at, signin_id);

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
    revoked_at  TIMESTAMP,
    mailed      BOOLEAN NOT NULL DEFAULT false -- the code was sent to the address, and shown to nobody
);
CREATE INDEX invitations_family ON invitations (family_id);
CREATE INDEX invitations_by ON invitations (invited_by);
-- One open invitation for an address and a family.
CREATE UNIQUE INDEX invitations_open ON invitations (family_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- What somebody still has to be told: the resource API of a family, or a person by an
-- email, whose payload holds no secret. A row goes when it was told.
CREATE TABLE outbox (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    payload    TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL,
    next_at    TIMESTAMP NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX outbox_next ON outbox (kind, next_at, id);
CREATE INDEX outbox_subject ON outbox (subject);

-- How many emails of a kind a person got since a time, so that nobody can flood a
-- mailbox.
CREATE TABLE letter_counts (
    user_id TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind    TEXT      NOT NULL,
    since   TIMESTAMP NOT NULL,
    letters INTEGER   NOT NULL,
    PRIMARY KEY (user_id, kind)
);

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
CREATE INDEX api_keys_revoked ON api_keys (revoked_at, id) WHERE revoked_at IS NOT NULL;

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
    blocked_at TIMESTAMP,
    suspended_at TIMESTAMP -- by a password reset, until the person restores it
);
CREATE UNIQUE INDEX identities_subject ON identities (provider, subject);
CREATE INDEX identities_user ON identities (user_id);

-- Browsers that were sent to a provider. digest: of the state. Nonce and PKCE
-- verifier are computed from the browser's cookie, which only the browser has.
CREATE TABLE sso_login_states (
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
CREATE INDEX sso_login_states_expiry ON sso_login_states (expires_at, digest);

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
CREATE INDEX sso_codes_expiry ON sso_codes (expires_at, digest);

-- People a provider vouched for and who belong to no user yet, by linking code.
CREATE TABLE sso_unlinked_identities (
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
CREATE INDEX sso_unlinked_identities_expiry ON sso_unlinked_identities (expires_at, digest);

-- Links that were sent to somebody: to choose a new password, to confirm a new
-- address. bound: digest of the password hash it was made under, so that
-- another password makes it void.
CREATE TABLE links (
    digest     BLOB PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('reset', 'email', 'restore')),
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email      TEXT NOT NULL,
    bound      BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at    TIMESTAMP
);
CREATE INDEX links_user ON links (user_id);
CREATE INDEX links_expiry ON links (expires_at, digest);

CREATE TABLE passkeys (
    id              TEXT PRIMARY KEY,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id   BLOB NOT NULL,
    public_key      BLOB NOT NULL,
    sign_count      INTEGER NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backed_up       BOOLEAN NOT NULL,
    aaguid          BLOB NOT NULL,
    transports      TEXT NOT NULL,
    name            TEXT NOT NULL,
    created_at      TIMESTAMP NOT NULL,
    used_at         TIMESTAMP,
    suspended_at    TIMESTAMP -- by a password reset, until the person restores it
);
CREATE UNIQUE INDEX passkeys_credential ON passkeys (credential_id);
CREATE INDEX passkeys_user ON passkeys (user_id);

-- A challenge is claimed by deleting it: whoever deletes the row may answer.
CREATE TABLE passkey_challenges (
    digest     BLOB PRIMARY KEY,
    purpose    TEXT NOT NULL CHECK (purpose IN ('register', 'signin', 'second_factor')),
    browser    BLOB NOT NULL,
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX passkey_challenges_user ON passkey_challenges (user_id);
CREATE INDEX passkey_challenges_expiry ON passkey_challenges (expires_at, digest);

-- One value that is encrypted under AUTH_ENCRYPTION_KEY, to know the key by.
CREATE TABLE key_proof (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    sealed BLOB NOT NULL
);

-- The oldest programs that can work on this schema.
CREATE TABLE schema_compatibility (
    number INTEGER NOT NULL
);
INSERT INTO schema_compatibility (number) VALUES (1);
