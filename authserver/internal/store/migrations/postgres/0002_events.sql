-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- What happened to accounts, families and applications. Rows are added and, after
-- the retention, deleted; the columns at the end alone are set later. Ids are text
-- and no references: events stay when what they tell of is gone.
CREATE TABLE events (
    id         uuid PRIMARY KEY,
    at         timestamptz NOT NULL,
    kind       text        NOT NULL,
    outcome    text        NOT NULL CHECK (outcome IN ('success', 'failure')),
    actor_id   text        NOT NULL,
    user_id    text        NOT NULL,
    family_id  text        NOT NULL,
    client_id  text        NOT NULL,
    subject_id text        NOT NULL,
    details    text        NOT NULL, -- a JSON object of strings, names in order
    address    text        NOT NULL,
    user_agent text        NOT NULL,
    request_id text        NOT NULL,
    mark       bytea       NOT NULL, -- MAC of what the server wrote; empty: it had no key
    position   bigint, -- in the chain; NULL: not sealed yet
    seal       bytea   -- MAC of position, the seal before, mark and family
);
CREATE INDEX events_time ON events (at, id);
CREATE INDEX events_user ON events (user_id, at, id);
CREATE INDEX events_family ON events (family_id, at, id);
CREATE UNIQUE INDEX events_position ON events (position);
CREATE INDEX events_unsealed ON events (at, id) WHERE position IS NULL;

-- Where the chain of events ends, and up to where it was swept.
CREATE TABLE event_chain (
    id         integer PRIMARY KEY CHECK (id = 1),
    position   bigint NOT NULL,
    seal       bytea  NOT NULL,
    swept      bigint NOT NULL,
    swept_seal bytea  NOT NULL,
    mark       bytea  NOT NULL, -- MAC of the columns before
    logged_day integer NOT NULL -- the last day, in days since 1970, whose head was logged
);
