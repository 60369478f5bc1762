-- +goose Up

-- The day after which a grant is dead moved when it ended, which cost an entry in each
-- index. This one moves when the grant does, and when a sweep finds it alive. Programs
-- of before would delete what lives.
DROP INDEX grants_dead;
ALTER TABLE grants DROP COLUMN ends_day;
ALTER TABLE grants RENAME COLUMN dead_day TO alive_day;
CREATE INDEX grants_alive ON grants (alive_day, id);
UPDATE grants SET alive_day = unixepoch() / 86400 WHERE alive_day > unixepoch() / 86400;
UPDATE schema_compatibility SET number = 3;
