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

// CountPeople returns how many people allow a client something.
func (s *Store) CountPeople(ctx context.Context, clientID string) (n int, err error) {
	err = s.db.QueryRow(ctx, `SELECT count(*) FROM consents WHERE client_id = $1`, clientID).Scan(&n)
	return n, err
}

func (row *applicationRow) fields() []any {
	client, given := &row.Client, &row.Consent
	return []any{
		&client.ID, &row.scopes, &given.CreatedAt, &given.UpdatedAt, &client.Name, &client.AuthMethod,
		&row.uris, &row.asks, &row.owner, &client.CreatedAt, &client.DisabledAt, &client.Introduced, &client.VerifiedTerms, &client.Keys, &client.DeviceGrant,
		&client.Logo, &client.VerifiedLogo,
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
		c.owner_id, c.created_at, c.disabled_at, c.introduced, c.verified_terms, c.keys, c.device_grant,
		c.logo, c.verified_logo FROM consents n JOIN clients c ON c.id = n.client_id
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

type grantUse struct {
	client                     string
	issued, until, accessUntil time.Time
	used, ended                *time.Time
}

// addUses tells of each application how many of its grants hold live tokens, and when it
// last got or used one.
func (s *Store) addUses(ctx context.Context, userID string, list []authserver.Application, now time.Time) error {
	uses, err := collect(ctx, s, func(u *grantUse) []any {
		return []any{&u.client, &u.issued, &u.until, &u.accessUntil, &u.used, &u.ended}
	}, `SELECT client_id, access_issued_at, refresh_expires_at, access_expires_at, used_at, ended_at
		FROM grants WHERE user_id = $1 AND redeemed_at IS NOT NULL`, userID)
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
			if u.used != nil && u.used.After(at) {
				at = *u.used
			}
			if a.UsedAt == nil || at.After(*a.UsedAt) {
				a.UsedAt = &at
			}
			if u.ended == nil && (now.Before(u.until) || now.Before(u.accessUntil)) {
				a.Grants++
			}
		}
	}
	return nil
}

// DeleteConsent forgets what the user allowed the client and reports whether
// there was anything.
func (s *Store) DeleteConsent(ctx context.Context, userID, clientID string) (bool, error) {
	return wroteOne(s.rows(ctx).Table("consents").Where("user_id = ? AND client_id = ?", userID, clientID).Delete(nil))
}
