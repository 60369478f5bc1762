-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- Who made a key, and with which client. Of earlier keys that is not known.
ALTER TABLE api_keys ADD COLUMN made_by text NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN made_with text NOT NULL DEFAULT '';
