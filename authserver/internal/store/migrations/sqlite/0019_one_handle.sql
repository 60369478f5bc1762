-- +goose Up

-- A refresh token tells the handle of its access tokens, so one handle finds a grant.
DROP INDEX grants_refresh_handle;
DROP INDEX grants_access_handle;
ALTER TABLE grants DROP COLUMN refresh_handle;
ALTER TABLE grants RENAME COLUMN access_handle TO handle;
CREATE UNIQUE INDEX grants_handle ON grants (handle) WHERE handle IS NOT NULL;
UPDATE schema_compatibility SET number = 2;
