package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/cli"
	"latchkey/pkg/database"
	"latchkey/pkg/retention"
	"latchkey/resourceapi/internal/config"
	"latchkey/resourceapi/internal/store"
)

// sweeper deletes what has expired.
func sweeper(cfg config.Config, db *database.DB, s *store.Store, log *slog.Logger, reg prometheus.Registerer) *retention.Sweeper {
	return retention.New(retention.Options{
		DB: db, Rules: store.Expiries, Apart: s, Due: s.FamiliesDue, Now: time.Now, Logger: log, Interval: cfg.SweepInterval, Registerer: reg,
	})
}

// sweep deletes what has expired, or counts it.
func sweep(ctx context.Context, args []string) (err error) {
	fs, how, asJSON := retention.Flags("resourceapi sweep")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	cfg, err := readSettings()
	if err != nil {
		return err
	}
	if err := tellPlace(cfg, false); err != nil {
		return err
	}
	db, err := database.Open(ctx, cfg.DatabaseURL, database.Options{MaxConnections: 2})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := store.CheckCompatible(ctx, db); err != nil {
		return err
	}
	s := store.New(db, store.Options{Now: time.Now, KeepSyncs: cfg.SyncRetention})
	return retention.Command(ctx, os.Stdout, sweeper(cfg, db, s, slog.Default(), nil), *how, *asJSON)
}
