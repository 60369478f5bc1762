-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- When a registration token was last used: one that is used up is swept by that.
ALTER TABLE registration_tokens ADD COLUMN used_at timestamptz;
UPDATE registration_tokens SET used_at = now() WHERE used > 0;
CREATE INDEX registration_tokens_used ON registration_tokens (used_at, id) WHERE used_at IS NOT NULL;
