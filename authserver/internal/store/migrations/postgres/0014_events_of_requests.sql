-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- What explains a request finds its events by.
CREATE INDEX events_request ON events (request_id, at, id) WHERE request_id <> '';
