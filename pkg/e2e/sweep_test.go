package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// connect opens a connection to authserver's PostgreSQL that ends with the test.
func (w *world) connect() *pgx.Conn {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.AuthDB)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close(w.t.Context()) })
	return conn
}

func (w *world) number(conn *pgx.Conn, query string, args ...any) (n int64) {
	w.t.Helper()
	if err := conn.QueryRow(w.t.Context(), query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// copyGrant adds n copies of the one grant of a client, so many days older.
func (w *world) copyGrant(conn *pgx.Conn, clientID string, n int64, daysBack string) {
	w.t.Helper()
	added, err := testenv.CopyRows(w.t.Context(), conn, "grants", "client_id = '"+clientID+"'", int(n), daysBack, nil)
	if err != nil || added != n {
		w.t.Fatalf("%d copies: %v", added, err)
	}
}

const (
	deadGrants  = 20_000
	unusedCodes = 100
	// Sixty days ago half of them died, the others one after the other before.
	deadSince = "60 + CASE WHEN i % 2 = 0 THEN 0 ELSE i / 1000.0 END"
	anHourAgo = "61 / 1440.0"
)

// TestD8_TheSweepGoesByIndexInEvenBatches has dead grants swept, half of which
// died at the same instant, and codes that nobody redeemed within an hour. What
// lives, and what died just now, stays. It runs alone, for it compares times.
func TestD8_TheSweepGoesByIndexInEvenBatches(t *testing.T) {
	testenv.Production.Need(t)
	w := startWorld(t, testenv.Production, stack.Setup{AuthEnv: process.Env{"AUTH_SWEEP_INTERVAL": "1h"}})
	p, live, dead, unused := w.person(), w.public(), w.public(), w.public()
	pair := w.tokensOf(p, live, "read")
	wantStatus(t, w.form(dead, "/oauth/revoke", url.Values{"token": {w.tokensOf(p, dead, "read").Access}}), http.StatusOK)
	w.code(p, unused, "read")
	conn := w.connect()
	if _, err := conn.Exec(t.Context(), "SET synchronous_commit = on"); err != nil { // VACUUM marks pages of what has reached the log
		t.Fatal(err)
	}
	w.copyGrant(conn, dead.Client.ID, deadGrants, deadSince)
	w.copyGrant(conn, unused.Client.ID, unusedCodes, anHourAgo)
	if err := testenv.WatchDeletions(t.Context(), conn, "grants"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "VACUUM ANALYZE grants"); err != nil { // as autovacuum would
		t.Fatal(err)
	}
	_ = conn.Close(t.Context()) // what it read is counted

	conn = w.connect()
	w.awaitCount(conn, "n_tup_ins", deadGrants+unusedCodes)
	const read = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'grants'"
	before := w.number(conn, read)
	sweeper, err := w.AddAuth(t.Context(), process.Env{"AUTH_SWEEP_INTERVAL": "100ms"})
	if err != nil {
		t.Fatal(err)
	}
	testenv.Eventually(t, time.Minute, "what is dead is swept", func() bool {
		return w.number(conn, "SELECT COALESCE(sum(gone), 0)::bigint FROM deletions") >= deadGrants+unusedCodes
	})
	if err := sweeper.Stop(); err != nil {
		t.Error(err)
	}
	w.awaitCount(conn, "n_tup_del", deadGrants+unusedCodes)
	if rows := w.number(conn, read) - before; rows > 2*deadGrants { // counting what waits may read all of it, once
		t.Errorf("%d rows were read without an index to delete %d", rows, deadGrants)
	}
	if left := w.number(conn, "SELECT count(*) FROM grants"); left != 3 {
		t.Errorf("%d grants are left, want the live one, the one that died just now and the code", left)
	}
	w.refreshed(live, pair.Refresh)
	list, err := testenv.Deletions(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	wantEven(t, list)
}

// awaitCount waits until the statistics of the table of grants have caught up.
func (w *world) awaitCount(conn *pgx.Conn, column string, least int64) {
	w.t.Helper()
	testenv.Eventually(w.t, 30*time.Second, column+" is counted", func() bool {
		return w.number(conn, fmt.Sprintf("SELECT %s FROM pg_stat_user_tables WHERE relname = 'grants'", column)) >= least
	})
}

// wantEven wants the last batches to take no longer than the first.
func wantEven(t *testing.T, list []testenv.Deletion) {
	t.Helper()
	first, last, batches := testenv.Thirds(list)
	t.Logf("%d batches, of which the first took %s each and the last %s", batches, first, last)
	if batches < 6 || last > 2*first+time.Millisecond {
		t.Errorf("uneven: %d batches, the first took %s each, the last %s", batches, first, last)
	}
}
