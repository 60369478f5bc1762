-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- When the person last chose a password; NULL: not known, or there is none.
ALTER TABLE users ADD COLUMN password_changed_at timestamptz;
UPDATE users SET password_changed_at = e.at FROM (SELECT user_id, max(at) AS at FROM events
    WHERE kind = 'password.changed' GROUP BY user_id) e WHERE e.user_id = users.id::text;

-- A browser that the person had not signed in at, and has not recognised since.
ALTER TABLE signins ADD COLUMN unfamiliar BOOLEAN NOT NULL DEFAULT false;
