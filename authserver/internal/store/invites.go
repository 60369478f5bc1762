package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/secret"
)

type inviteRow struct {
	authserver.Invite
	UsedBy *string
	MadeBy *string
}

func (inviteRow) TableName() string { return "invites" }

func (r inviteRow) invite() authserver.Invite {
	if r.UsedBy != nil {
		r.Invite.UsedBy = *r.UsedBy
	}
	if r.MadeBy != nil {
		r.Invite.MadeBy = *r.MadeBy
	}
	return r.Invite
}

// CreateInvite stores an invite code of the instance.
func (s *Store) CreateInvite(ctx context.Context, i authserver.Invite) error {
	return database.ErrorOf(s.rows(ctx).Create(&inviteRow{Invite: i, MadeBy: orNull(i.MadeBy)}))
}

func (s *Store) openInvite(ctx context.Context, code secret.Digest, email string, now time.Time) *gorm.DB {
	return s.rows(ctx).Model(&inviteRow{}).Where("digest = ? AND used_at IS NULL AND revoked_at IS NULL", code).
		Where("expires_at IS NULL OR expires_at > ?", now).Where("email = '' OR email = ?", email)
}

// InviteOpen reports whether a code would let email sign up at now.
func (s *Store) InviteOpen(ctx context.Context, code secret.Digest, email string, now time.Time) (bool, error) {
	n, err := database.Count(s.openInvite(ctx, code, email, now))
	return n == 1, err
}

// ClaimInvite uses a code up, one winner.
func (s *Store) ClaimInvite(ctx context.Context, code secret.Digest, email, userID string, now time.Time) (bool, error) {
	return wroteOne(s.openInvite(ctx, code, email, now).Updates(map[string]any{"used_at": now, "used_by": userID}))
}

// ListInvites returns every code's record, newest first.
func (s *Store) ListInvites(ctx context.Context) ([]authserver.Invite, error) {
	rows, err := database.Find[inviteRow](s.rows(ctx).Order("created_at DESC, id"))
	return database.Mapped(rows, inviteRow.invite), err
}

// RevokeInvite makes a code worthless. false: there is no open one with this id.
func (s *Store) RevokeInvite(ctx context.Context, id string, now time.Time) (bool, error) {
	return wroteOne(s.rows(ctx).Model(&inviteRow{}).Where("id = ? AND used_at IS NULL AND revoked_at IS NULL", id).
		Update("revoked_at", now))
}
