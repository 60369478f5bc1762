package store

import (
	"context"
	"errors"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/database"
)

// How grants are made. The statement that inserts one selects from the rows it
// depends on and locks them, with their conditions in its own WHERE, where
// PostgreSQL checks them again after a wait (in a subquery it does not). Whoever
// ends a person's access changes one of these rows first and ends the grants in a
// later statement of the same transaction. So a grant is either made before and
// ended there, or not made. Locks are taken in the order user, sign-in, client,
// consent, grant.

const codeColumns = `id, user_id, signin_id, client_id, scopes, created_at, origin, code_digest, code_expires_at,
	redirect_uri, challenge, resource, alive_day`

const codeValues = `$1, u.id, s.id, c.id, $5, $6, 'code', $7, $8, $9, $10, $11, $12`

const codeParents = `u.id = $2 AND u.deactivated_at IS NULL AND s.id = $3 AND s.user_id = u.id AND s.ended_at IS NULL
	AND c.id = $4 AND c.disabled_at IS NULL`

// countPending counts the codes in flight of the user and client, up to a limit. As
// in redeem, the planner is kept from other people's: it starts from the user.
const countPending = `(SELECT count(*) FROM (SELECT 1 FROM grants o WHERE o.user_id = $2 AND (o.client_id = $4) IS TRUE
	AND COALESCE(o.redeemed_at, o.ended_at) IS NULL AND o.code_expires_at > $6 LIMIT $13) beside)`

// insertRemembered: the remembered consent must cover the scopes ('read_write'
// includes everything).
const insertRemembered = `INSERT INTO grants (` + codeColumns + `) SELECT ` + codeValues + `
	FROM users u, signins s, clients c, consents n
	WHERE ` + codeParents + ` AND n.user_id = u.id AND n.client_id = c.id AND n.terms = $14 AND (n.scopes <> 'read' OR $5 = 'read')
	FOR SHARE OF u, s, c, n RETURNING false, ` + countPending

const insertConsented = `INSERT INTO grants (` + codeColumns + `) SELECT ` + codeValues + `
	FROM users u, signins s, clients c WHERE ` + codeParents + ` FOR SHARE OF u, s, c RETURNING `

// saveConsentFrom remembers a consent, to the client as it is (terms). One that
// covers it stands as it is; one that does not is to read alone, and what covers
// both is everything. One to the client as it was before is replaced.
func saveConsentFrom(source, terms string) string {
	return `INSERT INTO consents AS given (user_id, client_id, scopes, created_at, updated_at, terms)
	SELECT user_id, client_id, scopes, created_at, created_at, ` + terms + ` FROM ` + source + `
	ON CONFLICT (user_id, client_id) DO UPDATE SET terms = excluded.terms, updated_at = excluded.updated_at,
		scopes = CASE WHEN given.terms = excluded.terms THEN 'read read_write' ELSE excluded.scopes END
	WHERE given.scopes = 'read' AND excluded.scopes <> 'read' OR given.terms <> excluded.terms
	RETURNING true`
}

var (
	insertWithConsent = `WITH made AS (` + insertConsented + `user_id, client_id, scopes, created_at),
	consent AS (` + saveConsentFrom("made", "$14") + `)
	SELECT EXISTS (SELECT FROM consent), ` + countPending + ` FROM made`
	saveConsentOfGrant = saveConsentFrom("grants WHERE id = $1", "$2")
)

// InsertCode implements grant.Store.
func (s *Store) InsertCode(ctx context.Context, c grant.Code) (stored grant.CodeStored, err error) {
	args := []any{
		c.GrantID, c.UserID, c.SigninID, c.ClientID, c.Scopes.String(), c.CreatedAt, c.Digest[:], c.ExpiresAt,
		c.RedirectURI, c.Challenge, c.Resource, day(c.CreatedAt), c.Count, c.Terms,
	}
	switch {
	case !c.Consented:
		err = s.db.QueryRow(ctx, s.locking(insertRemembered), args...).Scan(&stored.Widened, &stored.Pending)
	case s.db.Engine() == database.SQLite:
		err = s.db.InTx(ctx, func(ctx context.Context) error {
			var unwidened bool
			if err := s.db.QueryRow(ctx, s.locking(insertConsented)+`false, `+countPending, args[:len(args)-1]...).Scan(&unwidened, &stored.Pending); err != nil {
				return err
			}
			err := s.db.QueryRow(ctx, saveConsentOfGrant, c.GrantID, c.Terms).Scan(&stored.Widened)
			if errors.Is(err, database.ErrNoRows) {
				return nil
			}
			return err
		})
	default:
		err = s.db.QueryRow(ctx, insertWithConsent, args...).Scan(&stored.Widened, &stored.Pending)
	}
	return stored, noParent(err)
}

// insertOpened: countLive is among the grants that were there before.
const insertOpened = `INSERT INTO grants (id, user_id, client_id, device_id, scopes, created_at, origin, redeemed_at, ends_at,
	alive_day, ` + pairColumns + `, access_scopes)
	SELECT $1, u.id, c.id, $4, $5, $6, $7, $6, $8, $9, ` + pairValues + `, $5 FROM users u, clients c
	WHERE u.id = $2 AND u.deactivated_at IS NULL AND c.id = $3 AND c.disabled_at IS NULL
	FOR SHARE OF u, c RETURNING (` + countLive + `$15) beside)`

const (
	pairColumns = `generation, handle, refresh_digest, access_digest, access_issued_at, access_expires_at, refresh_expires_at`
	pairValues  = `1, $10, $11, $12, $6, $13, $14`
)

// countLive counts the live grants of the user and client of a row of grants, up
// to the number that follows it.
const countLive = `SELECT count(*) FROM (SELECT 1 FROM grants o WHERE o.user_id = grants.user_id AND (o.client_id = grants.client_id) IS TRUE
	AND o.ended_at IS NULL AND o.redeemed_at IS NOT NULL AND o.refresh_expires_at > grants.access_issued_at LIMIT `

// InsertOpened implements grant.Store.
func (s *Store) InsertOpened(ctx context.Context, g *authserver.Grant, p grant.Pair, count int) (live int, err error) {
	err = s.db.QueryRow(ctx, s.locking(insertOpened), g.ID, g.UserID, g.ClientID, nilIfBlank(g.DeviceID), g.Scopes.String(),
		g.CreatedAt, g.Origin, g.EndsAt, day(g.CreatedAt),
		p.Handle[:], p.Refresh[:], p.Access[:], p.AccessExpiresAt, p.RefreshExpiresAt, count).Scan(&live)
	return live, noParent(err)
}

func noParent(err error) error {
	if errors.Is(err, database.ErrNoRows) || errors.Is(err, database.ErrForeignKey) {
		return grant.ErrNoParent
	}
	return err
}

func nilIfBlank(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// day counts days since 1970.
func day(t time.Time) int { return int(t.Unix() / 86400) }
