package store

import (
	"context"
	"errors"
	"fmt"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
)

const createCode = `INSERT INTO codes
	(user_id, client_id, scopes, created_at, expires_at, digest, chain_id, redirect_uri, challenge, resource)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING false`

const consentAndCreateCode = `WITH consent AS (` + saveConsent + `), code AS (` + createCode + `)
	SELECT EXISTS (SELECT FROM consent)`

// CreateCode stores an authorization code, and with it the consent that it was
// made of, if it was given just now. widened: nothing remembered covered it.
// fault.NotFound: its client or its user has been deleted.
func (s *Store) CreateCode(ctx context.Context, c authserver.Code) (widened bool, err error) {
	consent := []any{c.UserID, c.ClientID, c.Scopes.String(), c.CreatedAt}
	code := append(consent, c.ExpiresAt, c.Digest[:], c.ChainID, c.RedirectURI, c.Challenge, c.Resource)
	switch {
	case !c.Consented:
		err = s.db.WriteRowBatched(ctx, createCode, code...).Scan(&widened)
	case s.db.Engine() == database.SQLite:
		err = s.db.InTx(ctx, func(ctx context.Context) error {
			err := s.db.QueryRow(ctx, saveConsent, consent...).Scan(&widened)
			if err != nil && !errors.Is(err, database.ErrNoRows) {
				return err
			}
			_, err = s.db.Exec(ctx, createCode, code...)
			return err
		})
	default:
		err = s.db.WriteRowBatched(ctx, consentAndCreateCode, code...).Scan(&widened)
	}
	return widened && err == nil, referred(err)
}

// referred says of a row whose client or user is no longer there that they are
// not found.
func referred(err error) error {
	if errors.Is(err, database.ErrForeignKey) {
		return fault.Wrap(fault.NotFound, err, "The client or the user has been deleted")
	}
	return err
}

// redeemPostgres claims the code, opens its chain and stores the first pair, or
// does none of it: the row lock of the UPDATE is the only arbiter between
// replicas.
const redeemPostgres = `
WITH claimed AS (
	UPDATE codes SET redeemed_at = $6
	WHERE digest = $1 AND client_id = $2 AND redirect_uri = $3 AND challenge = $4
	  AND ($5 = '' OR resource IN ('', $5))
	  AND redeemed_at IS NULL AND expires_at > $6
	  AND (SELECT deactivated_at IS NULL FROM users WHERE users.id = codes.user_id)
	RETURNING chain_id, client_id, user_id, scopes, resource
), opened AS (
	INSERT INTO chains (id, client_id, user_id, scopes, resource, origin, created_at, ends_at, refresh_digest,
		access_digest, access_scopes, access_issued_at, access_expires_at, live_until)
	SELECT chain_id, client_id, user_id, scopes, COALESCE(NULLIF(resource, ''), $5), 'code', $6, $7::timestamptz, $10,
		$8, scopes, $6, $9, $11 FROM claimed
	RETURNING id, scopes, user_id
), issued AS (
	INSERT INTO tokens (digest, chain_id, expires_at)
	SELECT $8::bytea, id, $9::timestamptz FROM opened UNION ALL SELECT $10::bytea, id, $11::timestamptz FROM opened
)
SELECT id, scopes, user_id FROM opened`

// RedeemCode claims the code that r describes and opens its chain with the
// given pair. ErrNotClaimed: no such code, or already used, expired, another
// client's, or bound to another redirect URI, challenge or resource.
func (s *Store) RedeemCode(ctx context.Context, r authserver.Redemption) (*authserver.GrantChain, error) {
	if s.db.Engine() == database.SQLite {
		return s.redeemSQLite(ctx, r)
	}
	chain := &authserver.GrantChain{ClientID: r.ClientID}
	var scopes string
	err := s.db.WriteRowBatched(ctx, redeemPostgres,
		r.Code[:], r.ClientID, r.RedirectURI, r.Challenge, r.Resource, r.Now, r.ChainEndsAt,
		r.Access[:], r.AccessExpiresAt, r.Refresh[:], r.RefreshExpiresAt).Scan(&chain.ID, &scopes, &chain.UserID)
	return finishChain(chain, scopes, err)
}

func finishChain(chain *authserver.GrantChain, scopes string, err error) (*authserver.GrantChain, error) {
	if errors.Is(err, database.ErrNoRows) {
		return nil, authserver.ErrNotClaimed
	}
	if err != nil {
		return nil, err
	}
	if chain.Scopes, err = scope.Parse(scopes); err != nil {
		return nil, fmt.Errorf("store: chain %s: %w", chain.ID, err)
	}
	return chain, nil
}

// redeemSQLite is redeemPostgres with the same predicates, one statement after
// the other: the transaction holds the database's only write lock throughout.
func (s *Store) redeemSQLite(ctx context.Context, r authserver.Redemption) (*authserver.GrantChain, error) {
	chain := &authserver.GrantChain{ClientID: r.ClientID, Origin: authserver.OriginCode, CreatedAt: r.Now, EndsAt: r.ChainEndsAt}
	var scopes string
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		err := s.db.QueryRow(ctx, `UPDATE codes SET redeemed_at = $6
			WHERE digest = $1 AND client_id = $2 AND redirect_uri = $3 AND challenge = $4
			  AND ($5 = '' OR resource IN ('', $5))
			  AND redeemed_at IS NULL AND expires_at > $6
			  AND (SELECT deactivated_at IS NULL FROM users WHERE users.id = codes.user_id)
			RETURNING chain_id, user_id, scopes, COALESCE(NULLIF(resource, ''), $5)`,
			r.Code[:], r.ClientID, r.RedirectURI, r.Challenge, r.Resource, r.Now).
			Scan(&chain.ID, &chain.UserID, &scopes, &chain.Resource)
		if err != nil {
			return err
		}
		if chain.Scopes, err = scope.Parse(scopes); err != nil {
			return err
		}
		return s.insertChain(ctx, chain, r.Pair)
	})
	return finishChain(chain, scopes, err)
}

// ExplainCode tells why a redemption claimed nothing: chainID is the chain that
// the client's code opened before, and otherResource says that the code is good,
// but for another resource. Neither: it is unknown, another client's, expired, or
// bound to something else.
func (s *Store) ExplainCode(ctx context.Context, r authserver.Redemption) (chainID string, otherResource bool, err error) {
	err = s.db.QueryRow(ctx, `SELECT CASE WHEN redeemed_at IS NULL THEN '' ELSE CAST(chain_id AS text) END,
		redeemed_at IS NULL AND expires_at > $5 AND redirect_uri = $3 AND challenge = $4 AND $6 <> '' AND resource NOT IN ('', $6)
		FROM codes WHERE digest = $1 AND client_id = $2`,
		r.Code[:], r.ClientID, r.RedirectURI, r.Challenge, r.Now, r.Resource).Scan(&chainID, &otherResource)
	if errors.Is(err, database.ErrNoRows) {
		return "", false, nil
	}
	return chainID, otherResource, err
}
