-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- The operator who handed out a code or token: it ends with the operator's right to do so.
ALTER TABLE invites ADD COLUMN made_by uuid;
ALTER TABLE registration_tokens ADD COLUMN made_by uuid;
