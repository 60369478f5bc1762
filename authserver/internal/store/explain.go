package store

import (
	"context"
	"errors"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/secret"
)

// ExplainedGrant is what the row of a grant says of its tokens.
type ExplainedGrant struct {
	ID, ClientID, UserID, FamilyID, Scopes, EndReason string

	EndedAt, AccessExpiresAt, RefreshExpiresAt, RedeemedAt, UsedAt *time.Time

	Access, Refresh, Parent secret.Digest // current pair, and the refresh token that was spent for it; zero: none
	ClientDisabled          bool
	Deactivated             bool // the user
}

// ExplainGrant finds the grant of an access or refresh token by its handle, and changes
// nothing. fault.NotFound: there is none. By hand: it reads what only requests read.
func (s *Store) ExplainGrant(ctx context.Context, handle secret.HandleDigest) (*ExplainedGrant, error) {
	var g ExplainedGrant
	err := s.db.QueryRow(ctx, `SELECT g.id, g.client_id, g.user_id, u.family_id, g.scopes, g.end_reason, g.ended_at, g.access_expires_at,
		g.refresh_expires_at, g.redeemed_at, g.used_at, g.access_digest, g.refresh_digest, g.parent_digest,
		c.disabled_at IS NOT NULL, u.deactivated_at IS NOT NULL
		FROM grants g JOIN users u ON u.id = g.user_id JOIN clients c ON c.id = g.client_id WHERE g.handle = $1`, handle[:]).
		Scan(&g.ID, &g.ClientID, &g.UserID, &g.FamilyID, &g.Scopes, &g.EndReason, &g.EndedAt, &g.AccessExpiresAt,
			&g.RefreshExpiresAt, &g.RedeemedAt, &g.UsedAt, &g.Access, &g.Refresh, &g.Parent, &g.ClientDisabled, &g.Deactivated)
	return orNotFound(&g, err)
}

// HasGrant reports whether a grant is live. By hand: as the statements beside it.
func (s *Store) HasGrant(ctx context.Context, id string) (bool, error) {
	if !authserver.ValidID(id) {
		return false, nil
	}
	var n int
	err := s.db.QueryRow(ctx, `SELECT count(*) FROM grants WHERE id = $1 AND ended_at IS NULL`, id).Scan(&n)
	return n == 1, err
}

// EventsOfRequest returns the events of a request, oldest first.
func (s *Store) EventsOfRequest(ctx context.Context, requestID string) ([]authserver.Event, error) {
	rows, err := database.Find[eventRow](s.rows(ctx).Where("request_id = ? AND request_id <> ''", requestID).Order("at, id")) // <>: as the index says
	if err != nil {
		return nil, err
	}
	found := make([]authserver.Event, len(rows))
	for i, r := range rows {
		if found[i], err = r.event(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Clock returns the time of the database; zero: it has none of its own.
func (s *Store) Clock(ctx context.Context) (at time.Time, err error) {
	if s.db.Engine() != database.Postgres {
		return time.Time{}, nil
	}
	if err = s.db.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&at); errors.Is(err, database.ErrNoRows) {
		return time.Time{}, nil
	}
	return at.UTC(), err
}
