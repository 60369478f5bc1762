package store

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// CreateInvite stores an invite code of the instance.
func (s *Store) CreateInvite(ctx context.Context, i authserver.Invite) error {
	_, err := s.db.Exec(ctx, `INSERT INTO invites (id, digest, email, note, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		i.ID, i.Digest, i.Email, i.Note, i.CreatedAt, i.ExpiresAt)
	return err
}

const openInvite = `digest = $1 AND used_at IS NULL AND revoked_at IS NULL
	AND (expires_at IS NULL OR expires_at > $2) AND (email = '' OR email = $3)`

// InviteOpen reports whether a code would let email sign up at now.
func (s *Store) InviteOpen(ctx context.Context, code secret.Digest, email string, now time.Time) (bool, error) {
	var n int
	err := s.db.QueryRow(ctx, `SELECT count(*) FROM invites WHERE `+openInvite, code[:], now, email).Scan(&n)
	return n == 1, err
}

// ClaimInvite uses a code up, one winner.
func (s *Store) ClaimInvite(ctx context.Context, code secret.Digest, email, userID string, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE invites SET used_at = $2, used_by = $4 WHERE `+openInvite, code[:], now, email, userID)
	return n == 1, err
}

// ListInvites returns every code's record, newest first.
func (s *Store) ListInvites(ctx context.Context) ([]authserver.Invite, error) {
	list, err := collect(ctx, s, func(i *inviteRow) []any {
		return []any{&i.ID, &i.Digest, &i.Email, &i.Note, &i.CreatedAt, &i.ExpiresAt, &i.UsedAt, &i.usedBy, &i.RevokedAt}
	}, `SELECT id, digest, email, note, created_at, expires_at, used_at, used_by, revoked_at FROM invites ORDER BY created_at DESC, id`)
	invites := make([]authserver.Invite, len(list))
	for i, row := range list {
		if invites[i] = row.Invite; row.usedBy != nil {
			invites[i].UsedBy = *row.usedBy
		}
	}
	return invites, err
}

type inviteRow struct {
	authserver.Invite
	usedBy *string
}

// RevokeInvite makes a code worthless. false: there is no open one with this id.
func (s *Store) RevokeInvite(ctx context.Context, id string, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE invites SET revoked_at = $2 WHERE id = $1 AND used_at IS NULL AND revoked_at IS NULL`, id, now)
	return n == 1, err
}

// CreateInvitation stores an invitation into a family; an open one for the same
// address is revoked. fault.Conflict: two were made at once.
func (s *Store) CreateInvitation(ctx context.Context, i authserver.Invitation) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		_, err := s.db.Exec(ctx, `UPDATE invitations SET revoked_at = $3
			WHERE family_id = $1 AND email = $2 AND accepted_at IS NULL AND revoked_at IS NULL`, i.FamilyID, i.Email, i.CreatedAt)
		if err != nil {
			return err
		}
		_, err = s.db.Exec(ctx, `INSERT INTO invitations (id, digest, family_id, email, role, invited_by, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, i.ID, i.Digest, i.FamilyID, i.Email, i.Role, i.InvitedBy, i.CreatedAt, i.ExpiresAt)
		if database.IsUnique(err, "invitations_open", "invitations.family_id") {
			return fault.Wrap(fault.Conflict, err, "Somebody else is inviting this address right now")
		}
		return err
	})
}

const invitationColumns = `i.id, i.digest, i.family_id, f.name, i.email, i.role, i.invited_by, i.created_at, i.expires_at`

func invitationFields(i *authserver.Invitation) []any {
	return []any{&i.ID, &i.Digest, &i.FamilyID, &i.FamilyName, &i.Email, &i.Role, &i.InvitedBy, &i.CreatedAt, &i.ExpiresAt}
}

// FindInvitation returns an open invitation by its code, fault.NotFound when
// there is none.
func (s *Store) FindInvitation(ctx context.Context, code secret.Digest, now time.Time) (*authserver.Invitation, error) {
	var i authserver.Invitation
	err := s.db.QueryRow(ctx, `SELECT `+invitationColumns+` FROM invitations i JOIN families f ON f.id = i.family_id
		WHERE i.digest = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $2`, code[:], now).
		Scan(invitationFields(&i)...)
	return orNotFound(&i, err)
}

// ListInvitations returns the open invitations of a family.
func (s *Store) ListInvitations(ctx context.Context, familyID string, now time.Time) ([]authserver.Invitation, error) {
	return collect(ctx, s, invitationFields, `SELECT `+invitationColumns+` FROM invitations i JOIN families f ON f.id = i.family_id
		WHERE i.family_id = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $2 ORDER BY i.created_at, i.id`,
		familyID, now)
}

// ClaimInvitation uses an invitation up, one winner.
func (s *Store) ClaimInvitation(ctx context.Context, code secret.Digest, email, userID string, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE invitations SET accepted_at = $2, accepted_by = $4 WHERE digest = $1 AND accepted_at IS NULL
		AND revoked_at IS NULL AND expires_at > $2 AND email = $3`, code[:], now, email, userID)
	return n == 1, err
}

// RevokeInvitation takes an invitation of the family back. false: there is none.
func (s *Store) RevokeInvitation(ctx context.Context, familyID, id string, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE invitations SET revoked_at = $3
		WHERE id = $1 AND family_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL`, id, familyID, now)
	return n == 1, err
}

// RevokeInvitationsBy takes the open invitations back that a user made.
func (s *Store) RevokeInvitationsBy(ctx context.Context, userID string, now time.Time) error {
	_, err := s.db.Exec(ctx, `UPDATE invitations SET revoked_at = $2
		WHERE invited_by = $1 AND accepted_at IS NULL AND revoked_at IS NULL`, userID, now)
	return err
}
