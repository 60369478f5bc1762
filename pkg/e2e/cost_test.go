package e2e

import (
	"net/http"
	"net/url"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// costs is a world on a PostgreSQL of its own, with so many grants of one user:
// nobody else writes to its log, and nobody else's transactions keep what was
// replaced from being cleared away.
func costs(t *testing.T, grants int) (*world, *actor.App, []Pair) {
	t.Helper()
	testenv.Production.Need(t)
	database := testenv.StartPostgres(t, "full_page_writes=off") // as between two checkpoints
	w := startWorld(t, testenv.Production, stack.Setup{
		AuthDB: database, AuthEnv: manyGrants.With(process.Env{"AUTH_SWEEP_INTERVAL": "1h"}),
	})
	app, p := w.public(), w.person()
	app.HTTP = nil // holding each answer against the description would take most of the time
	pairs := make([]Pair, grants)
	for i := range pairs {
		pairs[i] = w.tokensOf(p, app, "read")
	}
	return w, app, pairs
}

// refreshTimes refreshes every pair so many times, in place.
func (w *world) refreshTimes(app *actor.App, pairs []Pair, times int) {
	w.t.Helper()
	for i := range pairs {
		for range times {
			answer := w.refresh(app, pairs[i].Refresh)
			if answer.Status != http.StatusOK {
				w.t.Fatalf("a refresh: %s", answer)
			}
			pairs[i] = Pair{Access: answer.Text("access_token"), Refresh: answer.Text("refresh_token")}
		}
	}
}

func TestARefreshWritesAtMost900BytesOfLog(t *testing.T) {
	t.Parallel()
	const grants, each, most = 32, 20, 900
	w, app, pairs := costs(t, grants)
	conn := w.connect()
	w.refreshTimes(app, pairs, 2) // pages and plans are there
	const position = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
	before := w.number(conn, position)
	w.refreshTimes(app, pairs, each)
	bytes := (w.number(conn, position) - before) / (grants * each)
	t.Logf("%d bytes a refresh", bytes)
	if bytes == 0 || bytes > most {
		t.Errorf("a refresh writes %d bytes of log, at most %d are allowed", bytes, most)
	}
}

// A grant that is refreshed every hour for six weeks takes the room of one that
// was refreshed once.
func TestAGrantTakesTheSameRoomHoweverOftenRefreshed(t *testing.T) {
	t.Parallel()
	const grants, often, percent = 16, 1000, 10
	// Pages of row versions that were not cleared yet when the last refresh came, in
	// the table and its indexes: 12 bytes a refresh, were it growth, where an entry of an
	// index takes 20.
	const passing = 24 * 8192
	w, app, pairs := costs(t, grants)
	conn := w.connect()
	size := func() (all, own int64) {
		if _, err := conn.Exec(t.Context(), "VACUUM"); err != nil {
			t.Fatal(err)
		}
		const tables = "SELECT sum(pg_total_relation_size(relid))::bigint FROM pg_stat_user_tables"
		return w.number(conn, tables), w.number(conn, "SELECT pg_total_relation_size('grants')")
	}
	w.refreshTimes(app, pairs, 1)
	once, own := size()
	w.refreshTimes(app, pairs, often-1)
	later, _ := size()
	t.Logf("%d bytes a grant after a refresh, %d more after %d", own/grants, (later-once)/grants, often)
	if grown := later - once; grown > own*percent/100+passing {
		t.Errorf("%d grants took %d bytes after one refresh and %d more after %d", grants, own, grown, often)
	}
}

// TestARevocationIsWrittenInPlace: it costs no entry in any index. Now and then a page
// has no room left.
func TestARevocationIsWrittenInPlace(t *testing.T) {
	t.Parallel()
	const grants = 32
	w, app, pairs := costs(t, grants)
	conn := w.connect()
	const column = "n_tup_hot_upd"
	before := w.number(conn, "SELECT "+column+" FROM pg_stat_user_tables WHERE relname = 'grants'")
	for _, pair := range pairs {
		wantStatus(t, w.form(app, "/oauth/revoke", url.Values{"token": {pair.Refresh}}), http.StatusOK)
	}
	w.awaitCount(conn, column, before+grants*3/4)
}
