-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- How the erasure of a family's data fares. claimed_at: since when the resource API is
-- asked; failure: how the last attempt failed; done_at: what was erased is remembered for a
-- while. payload is the user who left last.
ALTER TABLE outbox ADD COLUMN claimed_at timestamptz;
ALTER TABLE outbox ADD COLUMN failure text NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN done_at timestamptz;
DROP INDEX outbox_next;
CREATE INDEX outbox_next ON outbox (kind, next_at, id) WHERE done_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at, id) WHERE done_at IS NOT NULL;

-- Who deleted the account sees by a link how far that is. One for each account.
CREATE TABLE deletion_links (
    user_id    uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    digest     bytea NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX deletion_links_expiry ON deletion_links (expires_at, user_id);

-- A family that everybody has left for good has no name.
UPDATE families SET name = '' WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.family_id = families.id AND u.deleted_at IS NULL);
