package database

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// pooler finds out whether something stands before PostgreSQL that gives its
// servers to one transaction after another (PgBouncer in transaction mode, and
// what is like it). There a prepared statement is unknown to the next transaction.
type pooler struct {
	mu      sync.Mutex
	asked   bool
	between bool
}

// choose is a hook of the pool: behind a pooler, statements are described once and
// never kept at a server.
func (p *pooler) choose(ctx context.Context, cfg *pgx.ConnConfig) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asked {
		between, err := poolerAt(ctx, cfg)
		if err != nil {
			return err
		}
		p.asked, p.between = true, between
	}
	if p.between && cfg.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		cfg.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	return nil
}

// poolerAt asks: PostgreSQL greets with the number of the process that answers
// afterwards, a pooler with one that it has made up.
func poolerAt(ctx context.Context, cfg *pgx.ConnConfig) (between bool, err error) {
	probe := cfg.Copy()
	probe.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, probe)
	if err != nil {
		return false, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx) // it has answered
	}()
	var process uint32
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&process)
	return process != conn.PgConn().PID(), err
}
