-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- What a client was when an operator verified it: its terms, as a consent has them.
ALTER TABLE clients ADD COLUMN verified_terms text NOT NULL DEFAULT '';
