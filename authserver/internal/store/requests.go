package store

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/secret"
)

// Statements by hand: one counts and stores, one takes and returns.

// KeepRequest stores an authorization request under its reference, or extends the
// life of the one that is there. false: there are most of its kind already: those that
// were pushed and are used once, those on from there, and those that were not pushed.
func (s *Store) KeepRequest(ctx context.Context, r authserver.AuthorizationRequest, single bool, most int) (bool, error) {
	n, err := s.db.Exec(ctx, `INSERT INTO authorization_requests (digest, client_id, parameters, pushed, single, created_at, expires_at)
		SELECT $1, $2, $3, $4, $5, $6, $7 WHERE (SELECT count(*) FROM authorization_requests WHERE single = $5 AND pushed = $4 AND expires_at > $6) < $8
		ON CONFLICT (digest) DO UPDATE SET expires_at = excluded.expires_at`,
		r.Digest[:], r.ClientID, r.Parameters, r.Pushed, single, r.CreatedAt, r.ExpiresAt, most)
	return n > 0, err
}

// FindRequest returns the client's request with the reference that may be used again.
// fault.NotFound: there is none at now.
func (s *Store) FindRequest(ctx context.Context, digest secret.Digest, clientID string, now time.Time) (*authserver.AuthorizationRequest, error) {
	return s.request(ctx, `SELECT parameters, pushed FROM authorization_requests
		WHERE digest = $1 AND client_id = $2 AND expires_at > $3 AND NOT single`, digest, clientID, now)
}

// TakeRequest returns the client's request with the reference, once: it is gone after
// that. fault.NotFound: there is none at now.
func (s *Store) TakeRequest(ctx context.Context, digest secret.Digest, clientID string, now time.Time) (*authserver.AuthorizationRequest, error) {
	return s.request(ctx, `DELETE FROM authorization_requests
		WHERE digest = $1 AND client_id = $2 AND expires_at > $3 AND single RETURNING parameters, pushed`, digest, clientID, now)
}

func (s *Store) request(ctx context.Context, text string, digest secret.Digest, clientID string, now time.Time) (*authserver.AuthorizationRequest, error) {
	r := authserver.AuthorizationRequest{Digest: digest, ClientID: clientID}
	err := s.db.QueryRow(ctx, text, digest[:], clientID, now).Scan(&r.Parameters, &r.Pushed)
	return &r, database.Translate(err)
}
