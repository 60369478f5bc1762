-- +goose Up

-- When an operator switched a client off. disabled_at is what counts: that, or since when
-- its owner's account is closed.
ALTER TABLE clients ADD COLUMN stopped_at TIMESTAMP;
UPDATE clients SET stopped_at = disabled_at WHERE disabled_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = clients.owner_id AND u.deactivated_at = clients.disabled_at);
