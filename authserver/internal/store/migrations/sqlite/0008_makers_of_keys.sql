-- +goose Up

-- Who made a key, and with which client. Of earlier keys that is not known.
ALTER TABLE api_keys ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN made_with TEXT NOT NULL DEFAULT '';
