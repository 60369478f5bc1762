-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- Families with rows that expire, and when to look at them next. It holds no
-- household data.
CREATE TABLE sweeps (
    family_id UUID PRIMARY KEY,
    due_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX sweeps_due ON sweeps (due_at, family_id);

-- The rows of all families are read, which the tables' owner may do while row security
-- is not forced.
ALTER TABLE idempotency_keys NO FORCE ROW LEVEL SECURITY;
ALTER TABLE syncs NO FORCE ROW LEVEL SECURITY;
INSERT INTO sweeps (family_id, due_at)
SELECT family_id, min(created_at) FROM (
    SELECT family_id, created_at FROM idempotency_keys UNION ALL SELECT family_id, created_at FROM syncs
) AS expiring GROUP BY family_id;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;
ALTER TABLE syncs FORCE ROW LEVEL SECURITY;

-- What sweeps find expired rows by.
DROP INDEX idempotency_keys_by_creation;
CREATE INDEX idempotency_keys_by_creation ON idempotency_keys (family_id, created_at, digest);
CREATE INDEX leases_until ON leases (until, family_id);
