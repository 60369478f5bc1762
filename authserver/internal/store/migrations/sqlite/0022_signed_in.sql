-- +goose Up

-- When and with which browser somebody signed in last: operators find by it who has not for long.
ALTER TABLE users ADD COLUMN signed_in_at TIMESTAMP NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN signed_in_with TEXT NOT NULL DEFAULT '';
UPDATE users SET (signed_in_at, signed_in_with) = (SELECT at, CASE client_id WHEN '' THEN user_agent ELSE '' END FROM events
    WHERE events.user_id = users.id AND kind IN ('signin', 'signup') AND outcome = 'success' AND actor_id = events.user_id ORDER BY at DESC LIMIT 1)
    WHERE EXISTS (SELECT 1 FROM events WHERE events.user_id = users.id AND kind IN ('signin', 'signup') AND outcome = 'success' AND actor_id = events.user_id);
CREATE INDEX users_signed_in ON users (signed_in_at, id);

-- Operators read these lists with the newest first.
CREATE INDEX users_created ON users (created_at, id);
CREATE INDEX families_created ON families (created_at, id);
CREATE INDEX clients_created ON clients (created_at, id);
CREATE INDEX api_keys_created ON api_keys (created_at, id);
