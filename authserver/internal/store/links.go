package store

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// CreateLink stores a link that was just made.
func (s *Store) CreateLink(ctx context.Context, l authserver.Link) error {
	_, err := s.db.Exec(ctx, `INSERT INTO links (digest, kind, user_id, email, bound, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, l.Digest, l.Kind, l.UserID, l.Email, l.Bound, l.CreatedAt, l.ExpiresAt)
	return err
}

// FindLink returns a link that can be used at now, and its user: an active one, or
// for LinkRestore a closed one. fault.NotFound: there is none.
func (s *Store) FindLink(ctx context.Context, kind string, digest secret.Digest, now time.Time) (*authserver.Link, *authserver.User, error) {
	l := authserver.Link{Digest: digest, Kind: kind}
	var u authserver.User
	err := s.db.QueryRow(ctx, `SELECT l.user_id, l.email, l.bound, l.created_at, l.expires_at, `+userColumns+`
		FROM links l JOIN users u ON u.id = l.user_id JOIN families f ON f.id = u.family_id
		WHERE l.digest = $1 AND l.kind = $2 AND l.used_at IS NULL AND l.expires_at > $3
			AND CASE WHEN l.kind = 'restore' THEN u.erase_at > $3 ELSE u.deactivated_at IS NULL END`,
		digest[:], kind, now).Scan(append([]any{&l.UserID, &l.Email, &l.Bound, &l.CreatedAt, &l.ExpiresAt}, userFields(&u)...)...)
	if _, err := orNotFound(&l, err); err != nil {
		return nil, nil, err
	}
	return &l, &u, nil
}

// ClaimLink uses a link: one statement decides between callers that come
// together. false: it is used, expired, or does not exist.
func (s *Store) ClaimLink(ctx context.Context, kind string, digest secret.Digest, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE links SET used_at = $3
		WHERE digest = $1 AND kind = $2 AND used_at IS NULL AND expires_at > $3`, digest[:], kind, now)
	return n == 1, err
}

// VoidLinks makes every unused link of a user useless.
func (s *Store) VoidLinks(ctx context.Context, userID string, now time.Time) error {
	_, err := s.db.Exec(ctx, `UPDATE links SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL`, userID, now)
	return err
}

// ReplacePassword stores a new hash in the place of old. false: the user is not
// active, or the hash is not old any more.
func (s *Store) ReplacePassword(ctx context.Context, userID, old, hash string) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE users SET password_hash = $3
		WHERE id = $1 AND password_hash = $2 AND deactivated_at IS NULL`, userID, old, hash)
	return n == 1, err
}

// ChangeEmail gives an active user another address. false: the user is not
// active, or the address is not old any more. fault.Conflict: it belongs to
// somebody else.
func (s *Store) ChangeEmail(ctx context.Context, userID, old, email string) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE users SET email = $3 WHERE id = $1 AND email = $2 AND deactivated_at IS NULL`, userID, old, email)
	if database.IsUnique(err, "users_email", "users.email") {
		return false, fault.Wrap(fault.Conflict, err, "Email has already been taken")
	}
	return n == 1, err
}

// SetNames stores how a user is called.
func (s *Store) SetNames(ctx context.Context, userID, first, last string) error {
	_, err := s.db.Exec(ctx, `UPDATE users SET first_name = $2, last_name = $3 WHERE id = $1 AND deactivated_at IS NULL`, userID, first, last)
	return err
}
