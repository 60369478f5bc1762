-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- The day after which a grant is dead moved when it ended, which cost an entry in each
-- index. This one moves when the grant does, and when a sweep finds it alive. Programs
-- of before would delete what lives.
ALTER TABLE grants DROP COLUMN ends_day;
ALTER TABLE grants RENAME COLUMN dead_day TO alive_day;
ALTER INDEX grants_dead RENAME TO grants_alive;
UPDATE grants SET alive_day = floor(extract(epoch FROM now()) / 86400) WHERE alive_day > floor(extract(epoch FROM now()) / 86400);
UPDATE schema_compatibility SET number = 3;
