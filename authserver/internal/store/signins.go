package store

import (
	"context"
	"errors"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Statements by hand: every page finds its sign-in, and one statement checks the user
// and stores.

const signinColumns = `s.id, s.digest, s.created_at, s.seen_at, s.expires_at, s.confirmed_at, s.user_agent, s.address,
	s.unfamiliar`

func signinFields(in *authserver.Signin) []any {
	return []any{&in.ID, &in.Digest, &in.CreatedAt, &in.SeenAt, &in.ExpiresAt, &in.ConfirmedAt, &in.UserAgent, &in.Address, &in.Unfamiliar}
}

// CreateSignin stores a sign-in of in.User. fault.NotFound: as LockUser would say of in.User.
func (s *Store) CreateSignin(ctx context.Context, in *authserver.Signin) error {
	var id string
	err := s.db.QueryRow(ctx, s.locking(`INSERT INTO signins (digest, id, user_id, created_at, seen_at, expires_at, confirmed_at,
		user_agent, address) SELECT $1, $2, id, $4, $5, $6, $7, $8, $9 FROM users
		WHERE id = $3 AND password_hash = $10 AND (second_factor = $11 OR $11)
		AND deactivated_at IS NULL FOR SHARE RETURNING id`),
		in.Digest, in.ID, in.User.ID, in.CreatedAt, in.SeenAt, in.ExpiresAt, in.ConfirmedAt, in.UserAgent, in.Address, in.User.PasswordHash,
		in.User.SecondFactor).Scan(&id)
	if errors.Is(err, database.ErrNoRows) {
		err = fault.Wrap(fault.NotFound, err, "User not found")
	}
	return err
}

// NoteSignin notes when a user signed in last and with which browser; with "": in an app. It comes
// before CreateSignin or LockUser hold the user's row, or two sign-ins would wait for each other.
func (s *Store) NoteSignin(ctx context.Context, userID string, at time.Time, with string) error {
	_, err := s.db.Exec(ctx, `UPDATE users SET signed_in_at = $2, signed_in_with = $3 WHERE id = $1 AND signed_in_at < $2`, userID, at, with)
	return err
}

// FindSignin returns the sign-in of a cookie with its user and family, and what
// the user has allowed the client ("": none), one statement. fault.NotFound:
// none, or it has ended, expired at now, was not seen for idle, or its user is
// deactivated. "IS TRUE" has the planner start from the user, not from the client.
func (s *Store) FindSignin(ctx context.Context, cookie secret.Digest, clientID string, now time.Time, idle time.Duration) (*authserver.Signin, error) {
	var (
		in      authserver.Signin
		allowed string
	)
	err := s.db.ReadRowBatched(ctx, `SELECT `+signinColumns+`, `+userColumns+`, COALESCE(c.scopes, ''), COALESCE(c.terms, '')
		FROM signins s JOIN users u ON u.id = s.user_id JOIN families f ON f.id = u.family_id
		LEFT JOIN consents c ON c.user_id = s.user_id AND (c.client_id = $2) IS TRUE
		WHERE s.digest = $1 AND s.ended_at IS NULL AND u.deactivated_at IS NULL`,
		cookie[:], clientID).Scan(append(append(signinFields(&in), userFields(&in.User)...), &allowed, &in.AllowedTerms)...)
	// The times are compared here: with them in the statement PostgreSQL would
	// plan it anew for every request.
	if err == nil && !(in.ExpiresAt.After(now) && in.SeenAt.After(now.Add(-idle))) {
		err = database.ErrNoRows
	}
	if err == nil {
		in.Allowed, err = scope.Parse(allowed)
	}
	return orNotFound(&in, err)
}

// StampSignin notes that the sign-in was seen at now.
func (s *Store) StampSignin(ctx context.Context, cookie secret.Digest, now time.Time) error {
	_, err := s.db.Exec(ctx, `UPDATE signins SET seen_at = $2 WHERE digest = $1 AND seen_at < $2`, cookie[:], now)
	return err
}

// ConfirmSignin notes that the person proved to be present at now.
func (s *Store) ConfirmSignin(ctx context.Context, cookie secret.Digest, now time.Time) error {
	_, err := s.db.Exec(ctx, `UPDATE signins SET confirmed_at = $2 WHERE digest = $1 AND confirmed_at < $2`, cookie[:], now)
	return err
}

// EndSignin ends the sign-in of a cookie and returns its id and its user's; nil,
// nil: there is none.
func (s *Store) EndSignin(ctx context.Context, cookie secret.Digest, now time.Time) (*authserver.Signin, error) {
	var in authserver.Signin
	err := s.db.QueryRow(ctx, `UPDATE signins SET ended_at = $2 WHERE digest = $1 AND ended_at IS NULL RETURNING id, user_id`,
		cookie[:], now).Scan(&in.ID, &in.User.ID)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil
	}
	return &in, err
}

// ListSignins returns the live sign-ins of a user, last seen first.
func (s *Store) ListSignins(ctx context.Context, userID string, now time.Time, idle time.Duration) ([]authserver.Signin, error) {
	return collect(ctx, s, signinFields, `SELECT `+signinColumns+` FROM signins s
		WHERE s.user_id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND s.seen_at > $3 ORDER BY s.seen_at DESC, s.id`,
		userID, now, now.Add(-idle))
}

// EndSigninByID ends one sign-in of a user. false: there is none.
func (s *Store) EndSigninByID(ctx context.Context, userID, id string, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE signins SET ended_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL`, id, userID, now)
	return n == 1, err
}

// SetUnfamiliar notes whether a live sign-in of a user is from a browser that the person
// has yet to recognise. false: there is none, or it was noted already.
func (s *Store) SetUnfamiliar(ctx context.Context, userID, id string, on bool) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE signins SET unfamiliar = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND unfamiliar <> $3`, id, userID, on)
	return n == 1, err
}

// EndSignins ends every sign-in of a user but the one with the id except.
func (s *Store) EndSignins(ctx context.Context, userID, except string, now time.Time) error {
	if except == "" {
		_, err := s.db.Exec(ctx, `UPDATE signins SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL`, userID, now)
		return err
	}
	_, err := s.db.Exec(ctx, `UPDATE signins SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL AND id <> $3`, userID, now, except)
	return err
}
