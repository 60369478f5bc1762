-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- What the operator's overview looks for: clients that the operator did not register,
-- refused sign-ins, and hours in which a key was over its limit.
CREATE INDEX clients_claimed ON clients (created_at, id) WHERE owner_id IS NOT NULL OR introduced <> '';
CREATE INDEX events_refused ON events (at, id) WHERE kind = 'signin.failed';
CREATE INDEX usage_hours_limited ON usage_hours (kind, hour, subject) WHERE limited > 0;
