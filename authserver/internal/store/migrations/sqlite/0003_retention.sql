-- +goose Up

-- What sweeps find expired rows by.
CREATE INDEX registration_tokens_expiry ON registration_tokens (expires_at, id) WHERE expires_at IS NOT NULL;
CREATE INDEX registration_tokens_revoked ON registration_tokens (revoked_at, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX invites_expiry ON invites (expires_at, id) WHERE expires_at IS NOT NULL;
CREATE INDEX invites_used ON invites (used_at, id) WHERE used_at IS NOT NULL;
CREATE INDEX invites_revoked ON invites (revoked_at, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX invitations_expiry ON invitations (expires_at, id);
