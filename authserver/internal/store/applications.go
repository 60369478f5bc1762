package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/scope"
)

type applicationRow struct {
	authserver.Application
	scopes, asks, uris string
	owner              *string
}

func (row *applicationRow) fields() []any {
	client, given := &row.Client, &row.Consent
	return []any{
		&client.ID, &row.scopes, &given.CreatedAt, &given.UpdatedAt, &client.Name, &client.AuthMethod,
		&row.uris, &row.asks, &row.owner, &client.CreatedAt, &client.DisabledAt,
	}
}

func (row *applicationRow) application(userID string) (a authserver.Application, err error) {
	a = row.Application
	a.Consent.UserID, a.Consent.ClientID = userID, a.Client.ID
	a.Client.RedirectURIs = strings.Split(row.uris, "\n")
	if row.owner != nil {
		a.Client.OwnerID = *row.owner
	}
	if a.Consent.Scopes, err = scope.Parse(row.scopes); err == nil {
		a.Client.Scopes, err = scope.Parse(row.asks)
	}
	if err != nil {
		return a, fmt.Errorf("store: consent of client %s: %w", a.Client.ID, err)
	}
	return a, nil
}

// ListApplications returns what a user has allowed, last used first.
func (s *Store) ListApplications(ctx context.Context, userID string, now time.Time) ([]authserver.Application, error) {
	rows, err := collect(ctx, s, (*applicationRow).fields,
		`SELECT n.client_id, n.scopes, n.created_at, n.updated_at, c.name, c.auth_method, c.redirect_uris, c.scopes,
		c.owner_id, c.created_at, c.disabled_at FROM consents n JOIN clients c ON c.id = n.client_id
		WHERE n.user_id = $1 ORDER BY n.updated_at DESC, n.client_id`, userID)
	if err != nil {
		return nil, err
	}
	list := make([]authserver.Application, 0, len(rows))
	for i := range rows {
		a, err := rows[i].application(userID)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	if err := s.addUses(ctx, userID, list, now); err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b authserver.Application) int { return lastUse(b).Compare(lastUse(a)) })
	return list, nil
}

func lastUse(a authserver.Application) time.Time {
	if a.UsedAt == nil {
		return time.Time{}
	}
	return *a.UsedAt
}

type chainUse struct {
	client                     string
	issued, until, accessUntil time.Time
	asked, ended               *time.Time
}

// addUses tells of each application whether it holds live tokens and when it
// last got or used one.
func (s *Store) addUses(ctx context.Context, userID string, list []authserver.Application, now time.Time) error {
	uses, err := collect(ctx, s, func(u *chainUse) []any {
		return []any{&u.client, &u.issued, &u.until, &u.accessUntil, &u.asked, &u.ended}
	}, `SELECT client_id, access_issued_at, live_until, access_expires_at, asked_at, ended_at FROM chains WHERE user_id = $1`, userID)
	if err != nil {
		return err
	}
	for i := range list {
		a := &list[i]
		for _, u := range uses {
			if u.client != a.Client.ID {
				continue
			}
			at := u.issued
			if u.asked != nil && u.asked.After(at) {
				at = *u.asked
			}
			if a.UsedAt == nil || at.After(*a.UsedAt) {
				a.UsedAt = &at
			}
			a.Live = a.Live || u.ended == nil && (now.Before(u.until) || now.Before(u.accessUntil))
		}
	}
	return nil
}

// ListChains returns every chain of a user, newest first.
func (s *Store) ListChains(ctx context.Context, userID string) ([]authserver.GrantChain, error) {
	type row struct {
		authserver.GrantChain
		scopes string
		device *string
	}
	rows, err := collect(ctx, s, func(row *row) []any {
		return []any{
			&row.ID, &row.ClientID, &row.scopes, &row.Resource, &row.device, &row.Origin,
			&row.CreatedAt, &row.EndsAt, &row.EndedAt, &row.EndReason,
		}
	}, `SELECT id, client_id, scopes, resource, device_id, origin, created_at, ends_at, ended_at, end_reason
		FROM chains WHERE user_id = $1 ORDER BY created_at DESC, id`, userID)
	if err != nil {
		return nil, err
	}
	list := make([]authserver.GrantChain, 0, len(rows))
	for _, row := range rows {
		chain := row.GrantChain
		chain.UserID = userID
		if row.device != nil {
			chain.DeviceID = *row.device
		}
		if chain.Scopes, err = scope.Parse(row.scopes); err != nil {
			return nil, fmt.Errorf("store: chain %s: %w", chain.ID, err)
		}
		list = append(list, chain)
	}
	return list, nil
}

// StampChains notes that the chains' access tokens were asked about at at.
func (s *Store) StampChains(ctx context.Context, ids []string, at time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	var marks strings.Builder
	args := []any{at}
	for i := range padded(len(ids)) { // few lengths, so that few statements are remembered
		args = append(args, ids[min(i, len(ids)-1)])
		if i > 0 {
			marks.WriteString(", ")
		}
		fmt.Fprintf(&marks, "$%d", i+2)
	}
	// Locked in the order of refreshes, which hold several chains too.
	_, err := s.db.Exec(ctx, s.locking(`UPDATE chains SET asked_at = $1 WHERE id IN (SELECT id FROM chains
		WHERE id IN (`+marks.String()+`) AND (asked_at IS NULL OR asked_at < $1) ORDER BY id FOR NO KEY UPDATE)`), args...)
	return err
}

func padded(n int) int {
	for _, size := range []int{1, 10, 100} {
		if n <= size {
			return size
		}
	}
	return 500
}
