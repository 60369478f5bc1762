package database

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"
)

// Bounds of the write-ahead log of SQLite.
const (
	logMost      = 8 << 20 // bytes; SQLite itself begins anew at 4 MiB where nobody reads
	logLook      = time.Second / 4
	logPatience  = "1000" // milliseconds for which a checkpoint keeps writers waiting for readers
	logMostPause = 255    // looks that are left out after checkpoints in vain
)

// RunCheckpoints keeps the write-ahead log of SQLite short until ctx ends. SQLite
// writes at its end, and begins anew only at a moment when nobody reads; under load
// there is none, so now and then one is made. Elsewhere it returns at once.
func (db *DB) RunCheckpoints(ctx context.Context) {
	if db.engine != SQLite {
		return
	}
	tick := time.NewTicker(logLook)
	defer tick.Stop()
	pause := 0
	for left := 0; ; left-- {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		info, err := os.Stat(db.file + "-wal")
		if left > 0 || err != nil || info.Size() < logMost {
			continue
		}
		done, err := checkpoint(ctx, db.file)
		if err != nil && ctx.Err() == nil {
			db.log.LogAttrs(ctx, slog.LevelWarn, "the log of SQLite was not shortened", slog.Any("error", err))
		}
		if pause = min(2*pause+1, logMostPause); done {
			pause = 0
		}
		left = pause
	}
}

// checkpoint moves what is in the log into the database and empties the log. done
// false: somebody reads for too long. It has a connection of its own, whose patience is
// short: meanwhile nobody writes.
func checkpoint(ctx context.Context, file string) (done bool, err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?"+url.Values{"_pragma": {"busy_timeout(" + logPatience + ")"}}.Encode())
	if err != nil {
		return false, fmt.Errorf("database: checkpoint: %w", err)
	}
	defer db.Close() //nolint:errcheck // it has read what it wanted
	var busy, logged, moved int
	if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &logged, &moved); err != nil {
		return false, fmt.Errorf("database: checkpoint: %w", err)
	}
	return busy == 0, nil
}
