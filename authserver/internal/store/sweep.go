package store

import (
	"context"
	"fmt"
	"time"
)

// sweepBatch bounds how many rows one statement deletes, so that locks are short.
const sweepBatch = 1000

// keepRedeemed is how long a redeemed code is remembered, so that a replay is
// recognised as one.
const keepRedeemed = 7 * 24 * time.Hour

// keepRevoked is how long a revoked API key is remembered, for the operator's
// list.
const keepRevoked = 90 * 24 * time.Hour

// Sweep deletes what has expired at now and the seals made before sealedBefore. It returns how many rows it touched.
func (s *Store) Sweep(ctx context.Context, now, sealedBefore time.Time) (int64, error) {
	steps := []struct {
		text string
		arg  time.Time
	}{
		{`DELETE FROM seals WHERE chain_id IN
			(SELECT chain_id FROM seals WHERE sealed_at < $1 LIMIT $2)`, sealedBefore},
		{`DELETE FROM codes WHERE digest IN
			(SELECT digest FROM codes WHERE expires_at < $1 LIMIT $2)`, now.Add(-keepRedeemed)},
		{`DELETE FROM signins WHERE digest IN
			(SELECT digest FROM signins WHERE expires_at < $1 LIMIT $2)`, now},
		{`DELETE FROM pending_signins WHERE digest IN
			(SELECT digest FROM pending_signins WHERE expires_at < $1 LIMIT $2)`, now},
		{`DELETE FROM api_keys WHERE id IN
			(SELECT id FROM api_keys WHERE revoked_at < $1 LIMIT $2)`, now.Add(-keepRevoked)},
		{`DELETE FROM passkey_challenges WHERE digest IN
			(SELECT digest FROM passkey_challenges WHERE expires_at < $1 LIMIT $2)`, now},
		{`DELETE FROM sso_roundtrips WHERE digest IN
			(SELECT digest FROM sso_roundtrips WHERE expires_at < $1 LIMIT $2)`, now},
		{`DELETE FROM sso_codes WHERE digest IN
			(SELECT digest FROM sso_codes WHERE expires_at < $1 LIMIT $2)`, now},
		{`DELETE FROM sso_newcomers WHERE digest IN
			(SELECT digest FROM sso_newcomers WHERE expires_at < $1 LIMIT $2)`, now},
		{`DELETE FROM links WHERE digest IN
			(SELECT digest FROM links WHERE expires_at < $1 LIMIT $2)`, now},
	}
	var total int64
	for _, step := range steps {
		for {
			n, err := s.db.Exec(ctx, step.text, step.arg, sweepBatch)
			total += n
			if err != nil {
				return total, err
			}
			if n < sweepBatch {
				break
			}
		}
	}
	n, err := s.sweepTokens(ctx, now)
	return total + n, err
}

// sweepTokens deletes expired tokens and the chains that ended with them. Both
// statements of a batch choose the same tokens.
func (s *Store) sweepTokens(ctx context.Context, now time.Time) (int64, error) {
	const batch = `SELECT %s FROM tokens WHERE expires_at < $1 ORDER BY expires_at, digest LIMIT $2`
	var total int64
	for {
		var n int64
		err := s.InTx(ctx, func(ctx context.Context) error {
			chains, err := s.db.Exec(ctx, `DELETE FROM chains WHERE live_until < $1 AND access_expires_at < $1
				AND id IN (`+fmt.Sprintf(batch, "chain_id")+`)`, now, sweepBatch)
			if err != nil {
				return err
			}
			n, err = s.db.Exec(ctx, `DELETE FROM tokens WHERE digest IN (`+fmt.Sprintf(batch, "digest")+`)`, now, sweepBatch)
			total += chains + n
			return err
		})
		if err != nil || n < sweepBatch {
			return total, err
		}
	}
}
