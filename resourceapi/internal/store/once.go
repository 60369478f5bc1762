package store

import (
	"bytes"
	"context"
	"time"

	"gorm.io/gorm/clause"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
)

// keepIdempotencyKeys is how long an answer is kept for its key.
const keepIdempotencyKeys = 24 * time.Hour

type nestedKey struct{}

// Idempotent runs fn, unless the key was used before: then it returns the first answer, and
// replayed is true. The key, what fn writes and its answer are one transaction, so a
// crash leaves all of it or nothing. Of several calls at once one runs fn, and the
// others wait for its answer. A key that was used with another fingerprint is
// refused. If fn fails, the key is free again.
func (f *Family) Idempotent(ctx context.Context, key, fingerprint []byte, fn func(ctx context.Context) (status int, body []byte, err error)) (status int, body []byte, replayed bool, err error) {
	err = f.change(ctx, func(ctx context.Context) error {
		now := f.s.Now()
		err := database.ErrorOf(f.orm(ctx).Where("digest = ? AND created_at < ?", key, now.Add(-keepIdempotencyKeys)).Delete(&idempotencyRow{}))
		if err != nil {
			return err
		}
		n, err := database.Affected(f.orm(ctx).Clauses(unlessUsed).Create(&idempotencyRow{Digest: key, Fingerprint: fingerprint, Body: []byte{}, CreatedAt: now}))
		if err == nil {
			err = f.expiring(ctx)
		}
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
		return database.ErrorOf(f.orm(ctx).Model(&idempotencyRow{}).Where("digest = ?", key).UpdateColumns(map[string]any{"status": status, "body": body}))
	})
	return status, body, replayed, err
}

// unlessUsed writes nothing where the key is used.
var unlessUsed = clause.OnConflict{Columns: []clause.Column{{Name: "family_id"}, {Name: "digest"}}, DoNothing: true}

var errJustRefused = fault.New(fault.Conflict, "A request with this Idempotency-Key was just refused. Send it again.")

func (f *Family) answerOf(ctx context.Context, key, fingerprint []byte) (status int, body []byte, err error) {
	row, err := findOne[idempotencyRow](f.orm(ctx).Where("digest = ?", key), errJustRefused)
	if err == nil && !bytes.Equal(row.Fingerprint, fingerprint) {
		err = fault.New(fault.Invalid, "This Idempotency-Key was used for another request").WithCode("idempotency_key_reused")
	}
	return row.Status, row.Body, err
}
