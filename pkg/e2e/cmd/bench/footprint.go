package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/process"
)

// footprint prints sizes: of a token in the tables, of the processes, of the
// binaries, and how long a start takes.
func (l *lab) footprint(ctx context.Context) error {
	loaded := process.ResidentMiB(l.stack.Auth.PID())
	perPair, err := l.storage(ctx)
	if err != nil {
		return err
	}
	fresh, err := stack.Launch(ctx, stack.Setup{})
	if err != nil {
		return err
	}
	idle := process.ResidentMiB(fresh.Auth.PID())
	fresh.Auth.Kill()
	restarted := time.Now()
	if err := fresh.RestartAuth(ctx); err != nil {
		return err
	}
	startUp := time.Since(restarted)
	if err := fresh.Close(); err != nil {
		return err
	}
	fmt.Println("\n| what | figure | at most |\n|---|---|---|")
	fmt.Printf("| storage of a grant with its token pair, indexes included | %.2f KiB (%.2f KiB per token) | 0.6 KiB per token |\n", perPair, perPair/2)
	fmt.Printf("| authserver resident, idle / after all of the above | %.0f / %.0f MiB | 40 / 80 MiB |\n", idle, loaded)
	fmt.Printf("| authserver start-up until ready (polled every 20 ms) | %d ms | 150 ms |\n", startUp.Milliseconds())
	for _, path := range []string{l.stack.Binaries.Auth, l.stack.Binaries.API} {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		fmt.Printf("| %s binary | %.1f MB | 40 MB |\n", info.Name(), float64(info.Size())/1e6)
	}
	return nil
}

// storage is how many KiB a grant with its pair takes, indexes included.
func (l *lab) storage(ctx context.Context) (float64, error) {
	conn, err := pgx.Connect(ctx, l.stack.AuthDB)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // only read from
	if _, err := conn.Exec(ctx, `VACUUM FULL grants`); err != nil {
		return 0, err
	}
	var bytes float64
	err = conn.QueryRow(ctx, `SELECT COALESCE(pg_total_relation_size('grants')::float8 / NULLIF(count(*), 0), 0) FROM grants`).Scan(&bytes)
	return bytes / 1024, err
}
