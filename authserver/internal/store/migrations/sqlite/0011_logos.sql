-- +goose Up

-- logo_uri: where a client says that its logo is. logo: the checksum of the picture that
-- we have of it. verified_logo: of the one that an operator has looked at.
ALTER TABLE clients ADD COLUMN logo_uri TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN logo TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN verified_logo TEXT NOT NULL DEFAULT '';

-- The pictures, as we drew them.
CREATE TABLE client_logos (
    client_id TEXT PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    sum       TEXT NOT NULL,
    png       BLOB NOT NULL
);
CREATE INDEX client_logos_sum ON client_logos (sum);
