-- +goose Up

-- What happened to accounts, families and applications. Rows are added and, after
-- the retention, deleted; the columns at the end alone are set later. Ids are text
-- and no references: events stay when what they tell of is gone.
CREATE TABLE events (
    id         TEXT PRIMARY KEY,
    at         TIMESTAMP NOT NULL,
    kind       TEXT NOT NULL,
    outcome    TEXT NOT NULL CHECK (outcome IN ('success', 'failure')),
    actor_id   TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    family_id  TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    details    TEXT NOT NULL, -- a JSON object of strings, names in order
    address    TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    request_id TEXT NOT NULL,
    mark       BLOB NOT NULL, -- MAC of what the server wrote; empty: it had no key
    position   INTEGER, -- in the chain; NULL: not sealed yet
    seal       BLOB     -- MAC of position, the seal before, mark and family
);
CREATE INDEX events_time ON events (at, id);
CREATE INDEX events_user ON events (user_id, at, id);
CREATE INDEX events_family ON events (family_id, at, id);
CREATE UNIQUE INDEX events_position ON events (position);
CREATE INDEX events_unsealed ON events (at, id) WHERE position IS NULL;

-- Where the chain of events ends, and up to where it was swept.
CREATE TABLE event_chain (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    position   INTEGER NOT NULL,
    seal       BLOB NOT NULL,
    swept      INTEGER NOT NULL,
    swept_seal BLOB NOT NULL,
    mark       BLOB NOT NULL, -- MAC of the columns before
    logged_day INTEGER NOT NULL -- the last day, in days since 1970, whose head was logged
);
