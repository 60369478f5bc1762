package store

import (
	"context"
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

// Sweep deletes what has expired at now and erases the seals of refresh tokens
// used before sealedBefore. It returns how many rows it touched.
func (s *Store) Sweep(ctx context.Context, now, sealedBefore time.Time) (int64, error) {
	steps := []struct {
		text string
		arg  time.Time
	}{
		{`UPDATE refresh_tokens SET sealed = NULL WHERE digest IN
			(SELECT digest FROM refresh_tokens WHERE sealed IS NOT NULL AND used_at < $1 LIMIT $2)`, sealedBefore},
		{`DELETE FROM codes WHERE digest IN
			(SELECT digest FROM codes WHERE expires_at < $1 LIMIT $2)`, now.Add(-keepRedeemed)},
		{`DELETE FROM refresh_tokens WHERE digest IN
			(SELECT digest FROM refresh_tokens WHERE expires_at < $1 LIMIT $2)`, now},
		{`DELETE FROM chains WHERE id IN
			(SELECT id FROM chains WHERE live_until < $1 AND access_expires_at < $1 LIMIT $2)`, now},
		{`DELETE FROM signins WHERE digest IN
			(SELECT digest FROM signins WHERE expires_at < $1 LIMIT $2)`, now},
		{`DELETE FROM api_keys WHERE id IN
			(SELECT id FROM api_keys WHERE revoked_at < $1 LIMIT $2)`, now.Add(-keepRevoked)},
		{`DELETE FROM passkey_challenges WHERE digest IN
			(SELECT digest FROM passkey_challenges WHERE expires_at < $1 LIMIT $2)`, now},
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
	return total, nil
}
