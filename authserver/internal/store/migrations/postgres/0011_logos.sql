-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- logo_uri: where a client says that its logo is. logo: the checksum of the picture that
-- we have of it. verified_logo: of the one that an operator has looked at.
ALTER TABLE clients ADD COLUMN logo_uri text NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN logo text NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN verified_logo text NOT NULL DEFAULT '';

-- The pictures, as we drew them.
CREATE TABLE client_logos (
    client_id text PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    sum       text NOT NULL,
    png       bytea NOT NULL
);
CREATE INDEX client_logos_sum ON client_logos (sum);
