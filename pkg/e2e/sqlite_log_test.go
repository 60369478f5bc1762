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

	"latchkey/pkg/database"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// TestTheLogOfSQLiteStaysShort although there is no moment at which nobody reads: the
// write-ahead log would grow for as long as that goes on.
func TestTheLogOfSQLiteStaysShort(t *testing.T) {
	const requests, most = 2400, 24 << 20
	w := startWorld(t, testenv.Embedded, stack.Setup{Dir: t.TempDir(), AuthEnv: unthrottled})
	stop := readsAllTheTime(t, w.AuthDB)
	defer stop()
	app, pkce := w.confidential(), actor.NewPKCE() // of the operator: it may have more waiting than one address
	long := url.Values{"state": {strings.Repeat("s", 12_000)}}
	var peak, written atomic.Int64
	together(8, func(int) error {
		for range requests / 8 {
			wantStatus(t, w.form(app, "/oauth/par", pushedForm(app, pkce, long)), http.StatusCreated)
			written.Add(12_000)
			if info, err := os.Stat(filepath.Join(w.Dir, "auth.db-wal")); err == nil && info.Size() > peak.Load() {
				peak.Store(info.Size())
			}
		}
		return nil
	})
	t.Logf("more than %d MiB were written, and the log had %d MiB at most", written.Load()>>20, peak.Load()>>20)
	if peak.Load() > most {
		t.Errorf("the log of SQLite has grown to %d MiB", peak.Load()>>20)
	}
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
