-- +goose Up

-- What a client was when an operator verified it: its terms, as a consent has them.
ALTER TABLE clients ADD COLUMN verified_terms TEXT NOT NULL DEFAULT '';
