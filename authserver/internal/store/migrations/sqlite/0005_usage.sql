-- +goose Up

-- How often something was used in an hour: a key, a client, a grant (in a day), or
-- what the instance itself counts. subject names no row: that may be gone.
CREATE TABLE usage_hours (
    kind      TEXT        NOT NULL CHECK (kind IN ('key', 'client', 'grant', 'instance')),
    subject   TEXT        NOT NULL,
    hour      TIMESTAMP NOT NULL,
    calls     INTEGER      NOT NULL,
    limited   INTEGER      NOT NULL, -- beside calls: over the limit
    forbidden INTEGER      NOT NULL, -- of calls: scope or role did not reach
    PRIMARY KEY (kind, subject, hour)
);
CREATE INDEX usage_hours_hour ON usage_hours (hour, subject);

-- Where a key was used from: the latest addresses of each.
CREATE TABLE key_addresses (
    key_id   TEXT        NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    address  TEXT        NOT NULL,
    calls    INTEGER      NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at  TIMESTAMP NOT NULL,
    PRIMARY KEY (key_id, address)
);
CREATE INDEX key_addresses_last ON key_addresses (last_at, address);
