-- +goose Up

-- The operator who handed out a code or token: it ends with the operator's right to do so.
ALTER TABLE invites ADD COLUMN made_by TEXT;
ALTER TABLE registration_tokens ADD COLUMN made_by TEXT;
