-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- When and with which browser somebody signed in last: operators find by it who has not for long.
ALTER TABLE users ADD COLUMN signed_in_at timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00';
ALTER TABLE users ADD COLUMN signed_in_with text NOT NULL DEFAULT '';
UPDATE users SET (signed_in_at, signed_in_with) = (SELECT at, CASE client_id WHEN '' THEN user_agent ELSE '' END FROM events
    WHERE events.user_id = CAST(users.id AS text) AND kind IN ('signin', 'signup') AND outcome = 'success' AND actor_id = events.user_id ORDER BY at DESC LIMIT 1)
    WHERE EXISTS (SELECT 1 FROM events WHERE events.user_id = CAST(users.id AS text) AND kind IN ('signin', 'signup') AND outcome = 'success' AND actor_id = events.user_id);
CREATE INDEX users_signed_in ON users (signed_in_at, id);

-- Operators read these lists with the newest first.
CREATE INDEX users_created ON users (created_at, id);
CREATE INDEX families_created ON families (created_at, id);
CREATE INDEX clients_created ON clients (created_at, id);
CREATE INDEX api_keys_created ON api_keys (created_at, id);
