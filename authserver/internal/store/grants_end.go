package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/secret"
)

// How grants end: $1 is when, $2 why. Nothing of them can be asked for again. No
// indexed column changes, so that the row is written in place.
const (
	endSet   = `ended_at = $1, end_reason = $2, seal = NULL, parent_digest = NULL`
	endWhere = ` WHERE ended_at IS NULL AND `
	ended    = `grants.id, user_id, client_id, access_digest`
)

const endedColumns = ` RETURNING ` + ended

// EndGrants implements grant.Store. The rows are locked in the order of their
// ids, so that two callers who end the same grants do not deadlock.
func (s *Store) EndGrants(ctx context.Context, f authserver.GrantFilter, reason string, now time.Time) ([]authserver.EndedGrant, error) {
	where, args := grantConditions(f, []any{now, reason})
	if where == "" {
		return nil, errors.New("store: a grant filter must choose something")
	}
	return s.endGrants(ctx, s.locking(`UPDATE grants SET `+endSet+endWhere+`id IN (SELECT id FROM grants WHERE ended_at IS NULL`+where+
		` ORDER BY id FOR NO KEY UPDATE)`+endedColumns), args...)
}

func grantConditions(f authserver.GrantFilter, args []any) (string, []any) {
	var where strings.Builder
	add := func(condition, value string) {
		if value != "" {
			args = append(args, value)
			fmt.Fprintf(&where, " AND "+condition+" $%d", len(args))
		}
	}
	add("id =", f.ID)
	add("user_id =", f.UserID)
	add("client_id =", f.ClientID)
	add("device_id =", f.DeviceID)
	add("signin_id =", f.SigninID)
	if where.Len() == 0 {
		return "", args
	}
	add("signin_id <>", f.ExceptSigninID)
	if f.FirstPartyOnly {
		add("client_id =", authserver.FirstPartyClientID)
	}
	if f.PendingOnly {
		where.WriteString(" AND redeemed_at IS NULL")
	}
	return where.String(), args
}

// owned is the condition of EndByToken: any refresh token of the grant ($5 is
// NULL), or its current access token.
const owned = `ended_at IS NULL AND handle = $3 AND (client_id = $4) IS TRUE AND access_digest = COALESCE($5, access_digest)`

// EndByToken implements grant.Store. A row that somebody holds is waited for.
func (s *Store) EndByToken(ctx context.Context, r grant.Revocation) (*authserver.EndedGrant, error) {
	var current []byte
	if r.Kind == secret.AccessToken {
		current = r.Access[:]
	}
	var e authserver.EndedGrant
	end := func(wait bool) error {
		row := s.move(ctx, s.moves.end, wait, `UPDATE grants SET `+endSet+` WHERE `+owned+endedColumns,
			r.At, r.Reason, r.Handle[:], r.ClientID, nilIfEmpty(current))
		return notClaimed(row.Scan(&e.ID, &e.UserID, &e.ClientID, &e.Access))
	}
	err := end(false)
	if errors.Is(err, authserver.ErrNotClaimed) && s.moves.end.Serves(ctx) {
		err = end(true)
	}
	return &e, err
}

// mostOwned is more grants than a user and client can have at a time.
const mostOwned = 10_000

// EndOldest implements grant.Store. The next sweep deletes what it ends (alive_day
// 0): only a client that repeats itself in a loop loses grants in this way, and remembering
// all of them would fill the table.
func (s *Store) EndOldest(ctx context.Context, userID, clientID string, pending bool, keep int, now time.Time) ([]authserver.EndedGrant, error) {
	chosen := `redeemed_at IS NOT NULL AND refresh_expires_at > $1
		ORDER BY CASE WHEN used_at > access_issued_at THEN used_at ELSE access_issued_at END DESC, id DESC`
	if pending {
		chosen = `redeemed_at IS NULL AND code_expires_at > $1 ORDER BY created_at DESC, id DESC`
	}
	return s.endGrants(ctx, `UPDATE grants SET `+endSet+`, alive_day = 0`+endWhere+`id IN (SELECT id FROM grants WHERE user_id = $3
		AND client_id = $4 AND ended_at IS NULL AND `+chosen+` LIMIT $5 OFFSET $6)`+endedColumns,
		now, authserver.EndLimit, userID, clientID, mostOwned, keep)
}

func (s *Store) endGrants(ctx context.Context, text string, args ...any) ([]authserver.EndedGrant, error) {
	return collect(ctx, s, func(e *authserver.EndedGrant) []any { return []any{&e.ID, &e.UserID, &e.ClientID, &e.Access} }, text, args...)
}
