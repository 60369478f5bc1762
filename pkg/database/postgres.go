package database

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
)

func openPostgres(ctx context.Context, url string, opts Options) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, CheckURL("database: the URL", url)
	}
	cfg.MaxConns = 16
	if opts.MaxConnections > 0 {
		cfg.MaxConns = int32(min(opts.MaxConnections, 1000))
	}
	cfg.MaxConnLifetime = time.Hour
	cfg.MaxConnIdleTime = 5 * time.Minute
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 3 * time.Second
	}
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	cfg.ConnConfig.Tracer = spans{}
	pass, choose := new(password), new(pooler).choose
	cfg.BeforeConnect = func(ctx context.Context, c *pgx.ConnConfig) error {
		pass.give(ctx, c)
		return choose(ctx, c)
	}
	keep := cfg.ConnConfig.OnPgError
	cfg.ConnConfig.OnPgError = func(c *pgconn.PgConn, e *pgconn.PgError) bool { return keep(c, e) && !usedUp(e.Code) }
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("database: open PostgreSQL: %w", err)
	}
	sqlDB := stdlib.OpenDBFromPool(pool) // gorm and the hot statements share one pool
	orm, err := openORM(postgres.New(postgres.Config{Conn: sqlDB}), opts)
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("database: open PostgreSQL: %w", err)
	}
	db := &DB{
		engine: Postgres, orm: orm, sql: sqlDB, pool: pool, pass: pass, log: opts.log(),
		reads: readTrips(pool, runtime.GOMAXPROCS(0)),
	}
	if err := db.carrySettings(); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database: open PostgreSQL: %w", err)
	}
	return db, nil
}
