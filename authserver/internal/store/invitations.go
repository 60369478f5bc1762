package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

type invitationRow struct {
	authserver.Invitation
	FamilyName string `gorm:"->"` // of the family's row
	AcceptedAt *time.Time
	AcceptedBy *string
	RevokedAt  *time.Time
}

func (invitationRow) TableName() string { return "invitations" }

func (r invitationRow) invitation() authserver.Invitation {
	r.Invitation.FamilyName = r.FamilyName
	return r.Invitation
}

// CreateInvitation stores an invitation into a family; an open one for the same
// address is revoked. fault.Conflict: two were made at once.
func (s *Store) CreateInvitation(ctx context.Context, i authserver.Invitation) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		earlier := s.invitations(ctx).Where("family_id = ? AND email = ?", i.FamilyID, i.Email)
		if err := database.ErrorOf(earlier.Update("revoked_at", i.CreatedAt)); err != nil {
			return err
		}
		err := database.ErrorOf(s.rows(ctx).Create(&invitationRow{Invitation: i}))
		if database.IsUnique(err, "invitations_open", "invitations.family_id") {
			return fault.Wrap(fault.Conflict, err, "Someone else is inviting this address right now")
		}
		return err
	})
}

// invitations are those that nobody accepted or revoked.
func (s *Store) invitations(ctx context.Context) *gorm.DB {
	return s.rows(ctx).Model(&invitationRow{}).Where("accepted_at IS NULL AND revoked_at IS NULL")
}

// openInvitations are those that can be accepted at now, with their families' names.
func (s *Store) openInvitations(ctx context.Context, now time.Time) *gorm.DB {
	return s.invitations(ctx).Where("expires_at > ?", now).
		Joins("JOIN families ON families.id = invitations.family_id").
		Select("invitations.id, digest, family_id, families.name AS family_name, email, role, invited_by, invitations.created_at, expires_at")
}

// FindInvitation returns an open invitation by one of its codes, fault.NotFound when
// there is none.
func (s *Store) FindInvitation(ctx context.Context, code secret.Digest, now time.Time) (*authserver.Invitation, error) {
	i, err := invitationOf(s.openInvitations(ctx, now).Where("letter_digest = ?", code))
	if fault.Is(err, fault.NotFound) {
		return invitationOf(s.openInvitations(ctx, now).Where("digest = ?", code))
	}
	if err != nil {
		return nil, err
	}
	i.Mailed = true
	return i, nil
}

// FindInvitationTo returns the newest open family invitation of an address,
// fault.NotFound when there is none.
func (s *Store) FindInvitationTo(ctx context.Context, email string, now time.Time) (*authserver.Invitation, error) {
	return invitationOf(s.openInvitations(ctx, now).Where("email = ?", email).Order("invitations.created_at DESC, invitations.id"))
}

func invitationOf(query *gorm.DB) (*authserver.Invitation, error) {
	row, err := database.Take[invitationRow](query)
	if err != nil {
		return nil, err
	}
	i := row.invitation()
	return &i, nil
}

// ListInvitations returns the open invitations of a family.
func (s *Store) ListInvitations(ctx context.Context, familyID string, now time.Time) ([]authserver.Invitation, error) {
	rows, err := database.Find[invitationRow](s.openInvitations(ctx, now).Where("family_id = ?", familyID).
		Order("invitations.created_at, invitations.id"))
	return database.Mapped(rows, invitationRow.invitation), err
}

// ClaimInvitation uses an invitation up by one of its codes, one winner.
func (s *Store) ClaimInvitation(ctx context.Context, code secret.Digest, email, userID string, now time.Time) (bool, error) {
	return wroteOne(s.invitations(ctx).Where("(digest = ? OR letter_digest = ?) AND expires_at > ? AND email = ?", code, code, now, email).
		Updates(map[string]any{"accepted_at": now, "accepted_by": userID}))
}

// MailInvitation gives an open invitation the code that goes to its address, another each
// time, and returns until when it is good. fault.NotFound: it is not open any more. By hand: one
// statement changes and returns.
func (s *Store) MailInvitation(ctx context.Context, id string, code secret.Digest, now time.Time) (time.Time, error) {
	var until time.Time
	err := s.db.QueryRow(ctx, `UPDATE invitations SET letter_digest = $2
		WHERE id = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3 RETURNING expires_at`, id, code[:], now).Scan(&until)
	_, err = orNotFound(&until, err)
	return until, err
}

// RevokeInvitation takes an invitation of the family back. false: there is none.
func (s *Store) RevokeInvitation(ctx context.Context, familyID, id string, now time.Time) (bool, error) {
	return wroteOne(s.invitations(ctx).Where("id = ? AND family_id = ?", id, familyID).Update("revoked_at", now))
}

// RevokeInvitationsBy takes the open invitations back that a user made.
func (s *Store) RevokeInvitationsBy(ctx context.Context, userID string, now time.Time) error {
	return database.ErrorOf(s.invitations(ctx).Where("invited_by = ?", userID).Update("revoked_at", now))
}
