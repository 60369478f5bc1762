-- +goose Up

-- What explains a request finds its events by.
CREATE INDEX events_request ON events (request_id, at, id) WHERE request_id <> '';
