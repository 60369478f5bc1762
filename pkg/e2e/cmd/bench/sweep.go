package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

const (
	deadGrants = 1_000_000
	// Sixty days ago half of them died, the others one after the other before.
	deadSince = "60 + CASE WHEN i % 2 = 0 THEN 0 ELSE i / 10000.0 END"
	sweepRate = 1000 // refreshes a second meanwhile, below what the machine can do
	sweepLook = 15 * time.Second
)

// sweep measures refreshes beside the sweep of a million dead grants, half of
// which died at the same instant.
func (l *lab) sweep(ctx context.Context) error {
	if !strings.Contains("sweep of dead grants", l.only) {
		return nil
	}
	conn, err := pgx.Connect(ctx, l.stack.AuthDB)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // what it wrote is committed
	if err := l.manyDead(ctx, conn); err != nil {
		return err
	}
	refreshes, err := l.refresh(ctx)
	if err != nil {
		return err
	}
	work := paced(refreshes.work, l.connections, sweepRate)
	if _, err := run(ctx, work, l.connections, sweepLook/5); err != nil {
		return err
	}
	without, err := run(ctx, work, l.connections, sweepLook)
	if err != nil {
		return err
	}
	with, err := l.beside(ctx, conn, work)
	if err != nil {
		return err
	}
	again, err := run(ctx, work, l.connections, sweepLook)
	if err != nil {
		return err
	}
	without.latencies = append(without.latencies, again.latencies...)
	list, err := testenv.Deletions(ctx, conn)
	if err != nil {
		return err
	}
	first, last, batches := testenv.Thirds(list)
	a, b := float64(without.quantile(0.99)), float64(with.quantile(0.99))
	fmt.Println("\n| sweep of a million dead grants, half of them dead at the same instant | figure | at most |\n|---|---|---|")
	fmt.Printf("| p99 of %d refreshes a second without it, with it, ratio | %s, %s, %.2f | 1.50 |\n", sweepRate, short(a), short(b), b/a)
	fmt.Printf("| median of the first and the last third of %d batches, ratio | %s, %s, %.2f | about 1 |\n", batches, first, last, float64(last)/float64(first))
	fmt.Printf("| time it took | %s | |\n", with.took.Round(time.Second))
	return nil
}

// manyDead copies a grant that has ended until there are a million.
func (l *lab) manyDead(ctx context.Context, conn *pgx.Conn) error {
	p, err := l.tokens(ctx)
	if err != nil {
		return err
	}
	if answer, err := l.app.Revoke(ctx, p.refresh); err != nil || answer.Status != http.StatusOK {
		return fmt.Errorf("revoke: %v %w", answer, err)
	}
	id, err := newestGrant(ctx, conn)
	if err != nil {
		return err
	}
	if _, err := testenv.CopyRows(ctx, conn, "grants", "id = '"+id+"'", deadGrants, deadSince, nil); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "VACUUM ANALYZE grants"); err != nil { // as autovacuum would
		return err
	}
	return testenv.WatchDeletions(ctx, conn, "grants")
}

func newestGrant(ctx context.Context, conn *pgx.Conn) (id string, err error) {
	err = conn.QueryRow(ctx, "SELECT id::text FROM grants ORDER BY created_at DESC LIMIT 1").Scan(&id)
	return id, err
}

// beside runs work while another replica of authserver sweeps, until all is swept.
func (l *lab) beside(ctx context.Context, conn *pgx.Conn, work workload) (sample, error) {
	var total sample
	sweeper, err := l.stack.AddAuth(ctx, process.Env{"AUTH_SWEEP_INTERVAL": "1s"})
	if err != nil {
		return total, err
	}
	defer sweeper.Kill()
	for gone := int64(0); gone < deadGrants; {
		s, err := run(ctx, work, l.connections, time.Second)
		if err != nil {
			return total, err
		}
		total.latencies, total.took = append(total.latencies, s.latencies...), total.took+s.took
		if err := conn.QueryRow(ctx, "SELECT COALESCE(sum(gone), 0)::bigint FROM deletions").Scan(&gone); err != nil {
			return total, err
		}
	}
	return total, nil
}

// paced sends so many requests a second, spread over the connections, unless
// answers take longer.
func paced(w workload, connections, perSecond int) workload {
	request, ticks := w.request, make([]<-chan time.Time, connections)
	for i := range ticks {
		ticks[i] = time.Tick(time.Second * time.Duration(connections) / time.Duration(perSecond))
	}
	w.request = func(conn int) []byte {
		<-ticks[conn]
		return request(conn)
	}
	return w
}
