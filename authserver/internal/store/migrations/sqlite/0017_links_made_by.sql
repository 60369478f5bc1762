-- +goose Up

-- The operator who handed a link over: it ends with the operator's right to do so.
ALTER TABLE links ADD COLUMN made_by TEXT;
CREATE INDEX links_made_by ON links (made_by) WHERE made_by IS NOT NULL;
