-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- How often something was used in an hour: a key, a client, a grant (in a day), or
-- what the instance itself counts. subject names no row: that may be gone.
CREATE TABLE usage_hours (
    kind      text        NOT NULL CHECK (kind IN ('key', 'client', 'grant', 'instance')),
    subject   text        NOT NULL,
    hour      timestamptz NOT NULL,
    calls     bigint      NOT NULL,
    limited   bigint      NOT NULL, -- beside calls: over the limit
    forbidden bigint      NOT NULL, -- of calls: scope or role did not reach
    PRIMARY KEY (kind, subject, hour)
) WITH (fillfactor = 80);
CREATE INDEX usage_hours_hour ON usage_hours (hour, subject);

-- Where a key was used from: the latest addresses of each.
CREATE TABLE key_addresses (
    key_id   uuid        NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    address  text        NOT NULL,
    calls    bigint      NOT NULL,
    first_at timestamptz NOT NULL,
    last_at  timestamptz NOT NULL,
    PRIMARY KEY (key_id, address)
) WITH (fillfactor = 80);
CREATE INDEX key_addresses_last ON key_addresses (last_at, address);
