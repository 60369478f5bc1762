package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/secret"
)

// OpenChain stores a chain that no code opens, with its first pair.
func (s *Store) OpenChain(ctx context.Context, chain *authserver.GrantChain, pair authserver.Pair) error {
	return s.InTx(ctx, func(ctx context.Context) error { return s.insertChain(ctx, chain, pair) })
}

func (s *Store) insertChain(ctx context.Context, c *authserver.GrantChain, p authserver.Pair) error {
	_, err := s.db.Exec(ctx, `INSERT INTO chains
		(id, client_id, user_id, scopes, resource, device_id, origin, created_at, ends_at,
		 access_digest, access_scopes, access_issued_at, access_expires_at, refresh_digest, live_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $4, $8, $11, $12, $13)`,
		c.ID, c.ClientID, c.UserID, c.Scopes.String(), c.Resource, nilIfBlank(c.DeviceID), c.Origin,
		c.CreatedAt, c.EndsAt, p.Access[:], p.AccessExpiresAt, p.Refresh[:], p.RefreshExpiresAt)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `INSERT INTO tokens (digest, chain_id, expires_at) VALUES ($1, $2, $3), ($4, $2, $5)`,
		p.Access[:], c.ID, p.AccessExpiresAt, p.Refresh[:], p.RefreshExpiresAt)
	return err
}

func nilIfBlank(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// EndChains ends every live chain that filter chooses and forgets the codes it
// covers that have not been redeemed. It returns what it ended.
func (s *Store) EndChains(ctx context.Context, f authserver.ChainFilter, reason string, now time.Time) ([]authserver.EndedChain, error) {
	where, args := chainConditions(f, []any{now, reason})
	if where == "" {
		return nil, errors.New("store: a chain filter must choose something")
	}
	var ended []authserver.EndedChain
	err := s.InTx(ctx, func(ctx context.Context) error {
		var err error
		ended, err = s.endChains(ctx, `UPDATE chains SET ended_at = $1, end_reason = $2
			WHERE ended_at IS NULL`+where+` RETURNING id, user_id, access_digest`, args...)
		if err != nil || f.UserID == "" || f.ID != "" || f.DeviceID != "" {
			return err
		}
		return s.deleteCodes(ctx, f)
	})
	return ended, err
}

func chainConditions(f authserver.ChainFilter, args []any) (string, []any) {
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
	if where.Len() == 0 {
		return "", args
	}
	add("id <>", f.ExceptID)
	if f.FirstPartyOnly {
		add("client_id =", authserver.FirstPartyClientID)
	}
	return where.String(), args
}

func (s *Store) deleteCodes(ctx context.Context, f authserver.ChainFilter) error {
	_, err := s.db.Exec(ctx, `DELETE FROM codes WHERE user_id = $1 AND redeemed_at IS NULL
		AND ($2 = '' OR client_id = $2)`, f.UserID, f.ClientID)
	return err
}

func (s *Store) endChains(ctx context.Context, text string, args ...any) ([]authserver.EndedChain, error) {
	rows, err := s.db.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err is checked below
	var ended []authserver.EndedChain
	for rows.Next() {
		var (
			e      authserver.EndedChain
			digest []byte
		)
		if err := rows.Scan(&e.ID, &e.UserID, &digest); err != nil {
			return nil, fmt.Errorf("store: ended chain: %w", err)
		}
		if e.Access, err = secret.DigestFromBytes(digest); err != nil {
			return nil, fmt.Errorf("store: ended chain: %w", err)
		}
		ended = append(ended, e)
	}
	return ended, rows.Err()
}

// EndChainOfToken ends the chain that the client's token belongs to, one
// statement. It returns nothing when there is no such live chain of this client.
func (s *Store) EndChainOfToken(ctx context.Context, token secret.Digest, clientID, reason string, now time.Time) ([]authserver.EndedChain, error) {
	var (
		e      authserver.EndedChain
		digest []byte
	)
	err := s.db.WriteRowBatched(ctx, `UPDATE chains SET ended_at = $3, end_reason = $4
		WHERE id = (SELECT chain_id FROM tokens WHERE digest = $1) AND (client_id = $2) IS TRUE AND ended_at IS NULL
		RETURNING id, user_id, access_digest`, token[:], clientID, now, reason).Scan(&e.ID, &e.UserID, &digest)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if e.Access, err = secret.DigestFromBytes(digest); err != nil {
		return nil, fmt.Errorf("store: ended chain: %w", err)
	}
	return []authserver.EndedChain{e}, nil
}
