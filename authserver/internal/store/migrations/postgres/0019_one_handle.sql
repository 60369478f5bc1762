-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- A refresh token tells the handle of its access tokens, so one handle finds a grant.
ALTER TABLE grants DROP COLUMN refresh_handle;
ALTER TABLE grants RENAME COLUMN access_handle TO handle;
ALTER INDEX grants_access_handle RENAME TO grants_handle;
UPDATE schema_compatibility SET number = 2;
