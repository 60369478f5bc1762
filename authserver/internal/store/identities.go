package store

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
)

const identityColumns = `i.id, i.provider, i.subject, i.user_id, i.email, i.created_at, i.used_at, i.blocked_at, i.suspended_at`

// identityRow is an identity whose user may be gone.
type identityRow struct {
	authserver.Identity
	user *string
}

func identityFields(r *identityRow) []any {
	return []any{&r.ID, &r.Provider, &r.Subject, &r.user, &r.Email, &r.CreatedAt, &r.UsedAt, &r.BlockedAt, &r.SuspendedAt}
}

func (r *identityRow) identity() authserver.Identity {
	if r.user != nil {
		r.UserID = *r.user
	}
	return r.Identity
}

// CreateIdentity connects a user with an account at a provider. fault.Conflict:
// that account is known already.
func (s *Store) CreateIdentity(ctx context.Context, i authserver.Identity) error {
	_, err := s.db.Exec(ctx, `INSERT INTO identities (id, provider, subject, user_id, email, created_at, used_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, i.ID, i.Provider, i.Subject, i.UserID, i.Email, i.CreatedAt, i.UsedAt)
	if database.IsUnique(err, "identities_subject", "identities.provider") {
		return fault.Wrap(fault.Conflict, err, "This account is already connected with a user of this server.")
	}
	return err
}

// FindIdentity returns an account at a provider, fault.NotFound when it is not known.
func (s *Store) FindIdentity(ctx context.Context, provider, subject string) (*authserver.Identity, error) {
	var row identityRow
	err := s.db.QueryRow(ctx, `SELECT `+identityColumns+` FROM identities i WHERE i.provider = $1 AND i.subject = $2`,
		provider, subject).Scan(identityFields(&row)...)
	if _, err := orNotFound(&row, err); err != nil {
		return nil, err
	}
	found := row.identity()
	return &found, nil
}

// ListIdentities returns the accounts a user is connected with that are not
// blocked or suspended, the oldest first.
func (s *Store) ListIdentities(ctx context.Context, userID string) ([]authserver.Identity, error) {
	return s.identities(ctx, `i.user_id = $1 AND i.blocked_at IS NULL AND i.suspended_at IS NULL`, userID)
}

// AllIdentities returns every account that is known, blocked ones among them.
func (s *Store) AllIdentities(ctx context.Context) ([]authserver.Identity, error) {
	return s.identities(ctx, `1 = 1`)
}

func (s *Store) identities(ctx context.Context, where string, args ...any) ([]authserver.Identity, error) {
	rows, err := collect(ctx, s, identityFields, `SELECT `+identityColumns+` FROM identities i
		WHERE `+where+` ORDER BY i.created_at, i.id`, args...)
	if err != nil {
		return nil, err
	}
	list := make([]authserver.Identity, len(rows))
	for n := range rows {
		list[n] = rows[n].identity()
	}
	return list, nil
}

// StampIdentity notes a use and the address the provider gave. false: the
// identity is gone, blocked or suspended by now.
func (s *Store) StampIdentity(ctx context.Context, id, email string, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE identities SET used_at = $2, email = $3 WHERE id = $1 AND blocked_at IS NULL
		AND suspended_at IS NULL AND user_id IS NOT NULL`, id, now, email)
	return n == 1, err
}

// DeleteIdentity takes the connection of a user with an account back. false:
// there is none, or it is blocked.
func (s *Store) DeleteIdentity(ctx context.Context, userID, id string) (bool, error) {
	n, err := s.db.Exec(ctx, `DELETE FROM identities WHERE id = $1 AND user_id = $2 AND blocked_at IS NULL`, id, userID)
	return n == 1, err
}

// BlockIdentity makes an account at a provider worthless here. false: there is
// none with this id, or it is blocked already.
func (s *Store) BlockIdentity(ctx context.Context, id string, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE identities SET blocked_at = $2 WHERE id = $1 AND blocked_at IS NULL`, id, now)
	return n == 1, err
}

// UnblockIdentity takes a block back. false: there is none.
func (s *Store) UnblockIdentity(ctx context.Context, id string) (bool, error) {
	if n, err := s.db.Exec(ctx, `DELETE FROM identities WHERE id = $1 AND user_id IS NULL`, id); err != nil || n == 1 {
		return n == 1, err
	}
	n, err := s.db.Exec(ctx, `UPDATE identities SET blocked_at = NULL WHERE id = $1 AND blocked_at IS NOT NULL`, id)
	return n == 1, err
}

// WaysIn returns how many ways to sign in a user has: the password, passkeys and
// connected accounts.
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
	if _, err := s.db.Exec(ctx, `DELETE FROM identities WHERE user_id = $1 AND blocked_at IS NULL`, userID); err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, `UPDATE identities SET user_id = NULL, email = '' WHERE user_id = $1`, userID); err != nil {
		return err
	}
	for _, text := range []string{`DELETE FROM sso_codes WHERE user_id = $1`, `DELETE FROM sso_login_states WHERE user_id = $1`} {
		if _, err := s.db.Exec(ctx, text, userID); err != nil {
			return err
		}
	}
	return nil
}
