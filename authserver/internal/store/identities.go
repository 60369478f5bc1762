package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
)

// identityRow is an identity whose user may be gone.
type identityRow struct {
	authserver.Identity
	UserID *string
}

func (identityRow) TableName() string { return "identities" }

func (r identityRow) identity() authserver.Identity {
	if r.UserID != nil {
		r.Identity.UserID = *r.UserID
	}
	return r.Identity
}

// CreateIdentity connects a user with an account at a provider. fault.Conflict:
// that account is known already.
func (s *Store) CreateIdentity(ctx context.Context, i authserver.Identity) error {
	err := database.ErrorOf(s.rows(ctx).Create(&identityRow{Identity: i, UserID: orNull(i.UserID)}))
	if database.IsUnique(err, "identities_subject", "identities.provider") {
		return fault.Wrap(fault.Conflict, err, "This account is already connected to someone on this server.")
	}
	return err
}

// FindIdentity returns an account at a provider, fault.NotFound when it is not known.
func (s *Store) FindIdentity(ctx context.Context, provider, subject string) (*authserver.Identity, error) {
	row, err := database.Take[identityRow](s.rows(ctx).Where("provider = ? AND subject = ?", provider, subject))
	if err != nil {
		return nil, err
	}
	found := row.identity()
	return &found, nil
}

// ListIdentities returns the accounts a user is connected with that are not
// blocked or suspended, the oldest first.
func (s *Store) ListIdentities(ctx context.Context, userID string) ([]authserver.Identity, error) {
	return identitiesOf(s.rows(ctx).Where("user_id = ? AND blocked_at IS NULL AND suspended_at IS NULL", userID))
}

// AllIdentities returns every account that is known, blocked ones among them.
func (s *Store) AllIdentities(ctx context.Context) ([]authserver.Identity, error) {
	return identitiesOf(s.rows(ctx))
}

func identitiesOf(query *gorm.DB) ([]authserver.Identity, error) {
	rows, err := database.Find[identityRow](query.Order("created_at, id"))
	return database.Mapped(rows, identityRow.identity), err
}

// unblocked are the identities of a user that the operator has not blocked.
func (s *Store) unblocked(ctx context.Context, userID string) *gorm.DB {
	return s.rows(ctx).Model(&identityRow{}).Where("user_id = ? AND blocked_at IS NULL", userID)
}

// StampIdentity notes a use and the address the provider gave. false: the
// identity is gone, blocked or suspended by now.
func (s *Store) StampIdentity(ctx context.Context, id, email string, now time.Time) (bool, error) {
	return wroteOne(s.rows(ctx).Model(&identityRow{}).
		Where("id = ? AND blocked_at IS NULL AND suspended_at IS NULL AND user_id IS NOT NULL", id).
		Updates(map[string]any{"used_at": now, "email": email}))
}

// DeleteIdentity takes the connection of a user with an account back. false:
// there is none, or it is blocked.
func (s *Store) DeleteIdentity(ctx context.Context, userID, id string) (bool, error) {
	return wroteOne(s.unblocked(ctx, userID).Where("id = ?", id).Delete(&identityRow{}))
}

// BlockIdentity makes an account at a provider worthless here. false: there is
// none with this id, or it is blocked already.
func (s *Store) BlockIdentity(ctx context.Context, id string, now time.Time) (bool, error) {
	return wroteOne(s.rows(ctx).Model(&identityRow{}).Where("id = ? AND blocked_at IS NULL", id).Update("blocked_at", now))
}

// UnblockIdentity takes a block back. false: there is none.
func (s *Store) UnblockIdentity(ctx context.Context, id string) (bool, error) {
	if gone, err := wroteOne(s.rows(ctx).Where("id = ? AND user_id IS NULL", id).Delete(&identityRow{})); err != nil || gone {
		return gone, err
	}
	return wroteOne(s.rows(ctx).Model(&identityRow{}).Where("id = ? AND blocked_at IS NOT NULL", id).Update("blocked_at", nil))
}

// WaysIn returns how many ways to sign in a user has: the password, passkeys and
// connected accounts. By hand: one statement for three tables.
func (s *Store) WaysIn(ctx context.Context, userID string) (int, error) {
	var n int
	err := s.db.QueryRow(ctx, `SELECT (SELECT count(*) FROM users WHERE id = $1 AND password_hash <> '')
		+ (SELECT count(*) FROM passkeys WHERE user_id = $1 AND suspended_at IS NULL)
		+ (SELECT count(*) FROM identities WHERE user_id = $1 AND blocked_at IS NULL AND suspended_at IS NULL)`, userID).Scan(&n)
	return n, err
}

// ForgetIdentities erases what is known of a user's accounts at providers; a
// blocked one loses its owner and stays blocked.
func (s *Store) ForgetIdentities(ctx context.Context, userID string) error {
	if err := database.ErrorOf(s.unblocked(ctx, userID).Delete(&identityRow{})); err != nil {
		return err
	}
	blocked := s.rows(ctx).Model(&identityRow{}).Where("user_id = ?", userID)
	return database.ErrorOf(blocked.Updates(map[string]any{"user_id": nil, "email": ""}))
}
