package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// sweepBatch bounds how many rows one statement deletes: a millisecond of work, so
	// that those who come meanwhile hardly wait.
	sweepBatch = 100
	// sweepRest is the pause between two batches, longer than one takes, so that those
	// who work meanwhile hardly notice.
	sweepRest = 20 * time.Millisecond
)

// Expiry says which rows of a table go: those whose By is before Before. An index on
// By and ID finds them.
type Expiry struct {
	From, ID, By string // table and columns
	And          string // a condition beside, that of the index; begins with AND
	Before       any
	Args         []any // of And, from $2 on
	// Else sets By of rows to which only And does not apply: to Before, or after it. The
	// index is then one on By and ID alone. "": such rows are passed over.
	Else string
}

// Sweep deletes what has expired in even batches, most of them at most (0: no bound),
// and rests between two; gone hears how many rows each took. more: it stopped before
// the end. It goes through the index once: each batch begins after the last one, whose
// dead entries are not passed again. The DELETE finds its rows by id and repeats the
// condition, so a row that was moved on meanwhile stays.
func (db *DB) Sweep(ctx context.Context, e Expiry, most int, gone func(n int64)) (more bool, err error) {
	var after *sweepKey
	for i := 0; most == 0 || i < most; i++ {
		batch, err := db.sweepNext(ctx, e, after)
		if err != nil || len(batch) == 0 {
			return false, e.named(err)
		}
		n, err := db.sweepDelete(ctx, e, batch)
		gone(n)
		if err == nil && e.Else != "" && n < int64(len(batch)) {
			err = db.sweepMove(ctx, e, batch)
		}
		if err != nil || len(batch) < sweepBatch {
			return false, e.named(err)
		}
		after = &batch[len(batch)-1]
		if !wait(ctx, sweepRest) {
			return true, ctx.Err()
		}
	}
	return true, nil
}

func (e Expiry) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("database: sweep %s by %s: %w", e.From, e.By, err)
}

// Expired counts what Sweep would delete, up to most; 0: all of it.
func (db *DB) Expired(ctx context.Context, e Expiry, most int) (n int64, err error) {
	limit := ""
	if most > 0 {
		limit = fmt.Sprintf(" LIMIT %d", most)
	}
	err = db.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM `+e.From+` WHERE `+e.By+` < $1`+e.And+limit+`) AS expired`, append([]any{e.Before}, e.Args...)...).Scan(&n)
	return n, e.named(err)
}

// sweepKey is a row by the index that finds it.
type sweepKey struct{ by, id any }

func (db *DB) sweepNext(ctx context.Context, e Expiry, after *sweepKey) (batch []sweepKey, err error) {
	condition, args := e.By+` < $1`, []any{e.Before}
	if e.Else == "" {
		condition, args = condition+e.And, append(args, e.Args...)
	}
	if after != nil {
		condition += ` AND (` + e.By + `, ` + e.ID + `) > (` + Placeholders(len(args)+1, 2) + `)`
		args = append(args, after.by, after.id)
	}
	rows, err := db.Query(ctx, fmt.Sprintf(`SELECT %[2]s, %[3]s FROM %[1]s WHERE %[4]s ORDER BY %[2]s, %[3]s LIMIT %[5]d`,
		e.From, e.By, e.ID, condition, sweepBatch), args...)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var k sweepKey
		if err := rows.Scan(&k.by, &k.id); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		batch = append(batch, k)
	}
	return batch, Translate(errors.Join(rows.Err(), rows.Close()))
}

func (db *DB) sweepDelete(ctx context.Context, e Expiry, batch []sweepKey) (int64, error) {
	args := append([]any{e.Before}, e.Args...)
	marks := Placeholders(len(args)+1, len(batch))
	for _, k := range batch {
		args = append(args, k.id)
	}
	return db.Exec(ctx, `DELETE FROM `+e.From+` WHERE `+e.ID+` IN (`+marks+`) AND `+e.By+` < $1`+e.And, args...)
}

// sweepMove moves those of a batch on that were not deleted.
func (db *DB) sweepMove(ctx context.Context, e Expiry, batch []sweepKey) error {
	args := []any{e.Before}
	for _, k := range batch {
		args = append(args, k.id)
	}
	_, err := db.Exec(ctx, `UPDATE `+e.From+` SET `+e.Else+` WHERE `+e.ID+` IN (`+Placeholders(2, len(batch))+`) AND `+e.By+` < $1`, args...)
	return err
}

// Placeholders names n parameters, from the one with the number first on.
func Placeholders(first, n int) string {
	var text strings.Builder
	for i := range n {
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "$%d", first+i)
	}
	return text.String()
}
