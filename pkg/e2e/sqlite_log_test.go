package e2e

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/pkg/database"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// TestTheLogOfSQLiteIsShortened although there is no moment at which nobody reads, or
// writes: the write-ahead log would grow for as long as that goes on.
func TestTheLogOfSQLiteIsShortened(t *testing.T) {
	const long = 8 << 20 // bytes of a log that has to be shortened
	w := startWorld(t, testenv.Embedded, stack.Setup{Dir: t.TempDir(), AuthEnv: unthrottled})
	stop := readsAllTheTime(t, w.AuthDB)
	defer stop()
	app, pkce := w.confidential(), actor.NewPKCE() // of the operator: it may have more waiting than one address
	more := url.Values{"state": {strings.Repeat("s", 12_000)}}
	var peak int64
	var shortened atomic.Bool
	push := func(int) error {
		for i := 0; !shortened.Load() && i < 1000; i++ {
			wantStatus(t, w.form(app, "/oauth/par", pushedForm(app, pkce, more)), http.StatusCreated)
		}
		return nil
	}
	done := make(chan struct{})
	go func() { defer close(done); together(8, push) }()
	defer func() { shortened.Store(true); <-done }()
	testenv.Eventually(t, 2*time.Minute, "a long log is shortened", func() bool {
		info, err := os.Stat(filepath.Join(w.Dir, "auth.db-wal"))
		if err != nil {
			return false
		}
		peak = max(peak, info.Size())
		return peak >= long && info.Size() < peak/2
	})
	t.Logf("the log had %d MiB at most", peak>>20)
}

// readsAllTheTime has others read the database until stop is called, so that there is
// no moment without a reader.
func readsAllTheTime(t *testing.T, address string) (stop func()) {
	t.Helper()
	db, err := database.Open(t.Context(), address, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var reading sync.WaitGroup
	for range 3 {
		reading.Go(func() {
			for ctx.Err() == nil {
				var n int
				err := db.QueryRow(context.WithoutCancel(ctx), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
					SELECT count(*) FROM n, (SELECT id FROM clients LIMIT 1)`).Scan(&n)
				if err != nil {
					t.Errorf("the database is not read: %v", err)
					return
				}
			}
		})
	}
	return func() {
		cancel()
		reading.Wait()
		_ = db.Close() // end of the test
	}
}
