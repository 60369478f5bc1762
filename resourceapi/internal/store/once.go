package store

import (
	"bytes"
	"context"
	"errors"
	"time"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
)

// KeepIdempotencyKeys is how long an answer can be had again under its key.
const KeepIdempotencyKeys = 24 * time.Hour

type nestedKey struct{}

// Once runs fn, unless the key was used: then the answer given at the time comes
// back, and replayed is true. The key, what fn writes and its answer are one
// transaction, so a crash leaves all or nothing; of several at once one runs fn
// and the others wait for its answer. A key used with another fingerprint is
// refused; an error of fn forgets the key.
func (f *Family) Once(ctx context.Context, key, fingerprint []byte, fn func(ctx context.Context) (status int, body []byte, err error)) (status int, body []byte, replayed bool, err error) {
	err = f.change(ctx, func(ctx context.Context) error {
		now := f.s.Now()
		_, err := f.exec(ctx, `DELETE FROM idempotency_keys WHERE family_id = $1 AND digest = $2 AND created_at < $3`,
			key, now.Add(-KeepIdempotencyKeys))
		if err != nil {
			return err
		}
		n, err := f.exec(ctx, `
			INSERT INTO idempotency_keys (family_id, digest, fingerprint, status, body, created_at) VALUES ($1, $2, $3, 0, $4, $5)
			ON CONFLICT (family_id, digest) DO NOTHING`, key, fingerprint, []byte{}, now)
		if err != nil {
			return err
		}
		if replayed = n == 0; replayed {
			status, body, err = f.answerOf(ctx, key, fingerprint)
			return err
		}
		status, body, err = fn(context.WithValue(ctx, nestedKey{}, true))
		if err != nil {
			return err
		}
		_, err = f.exec(ctx, `UPDATE idempotency_keys SET status = $3, body = $4 WHERE family_id = $1 AND digest = $2`, key, status, body)
		return err
	})
	return status, body, replayed, err
}

func (f *Family) answerOf(ctx context.Context, key, fingerprint []byte) (status int, body []byte, err error) {
	var stored []byte
	err = f.row(ctx, `SELECT fingerprint, status, body FROM idempotency_keys WHERE family_id = $1 AND digest = $2`, key).
		Scan(&stored, &status, &body)
	if errors.Is(err, database.ErrNoRows) {
		return 0, nil, fault.New(fault.Conflict, "A request with this Idempotency-Key was just refused. Send it again.")
	}
	if err == nil && !bytes.Equal(stored, fingerprint) {
		err = fault.New(fault.Invalid, "This Idempotency-Key was used for another request").WithCode("idempotency_key_reused")
	}
	return status, body, err
}
