package database_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

func openWithRows(t *testing.T) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), testenv.Postgres(t), database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	mustExec(t, db, "CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL DEFAULT 0 CHECK (n < 10))")
	mustExec(t, db, "INSERT INTO counters (id) SELECT generate_series(1, $1::int)", rows)
	return db
}

func mustExec(t *testing.T, db *database.DB, text string, args ...any) {
	t.Helper()
	if _, err := db.Exec(t.Context(), text, args...); err != nil {
		t.Fatal(err)
	}
}

const rows = 40

// hold keeps every trip busy until the caller lets go.
func hold(t *testing.T, db *database.DB) (release func()) {
	t.Helper()
	held, letGo := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := db.Exec(ctx, "SELECT pg_advisory_xact_lock(1)")
			close(held)
			<-letGo
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			if err := db.ReadRowBatched(t.Context(), "SELECT 1 FROM pg_advisory_xact_lock(1)").Scan(new(int)); err != nil {
				t.Error(err)
			}
		})
	}
	awaitBlocked(t, db, runtime.GOMAXPROCS(0))
	return func() {
		close(letGo)
		group.Wait()
	}
}

// waiting makes n calls, numbered from 1, and returns when all of them wait for a
// trip. Depart lets them go, together; arrive returns when all are answered.
func waiting(t *testing.T, db *database.DB, n int, call func(i int)) (depart, arrive func()) {
	t.Helper()
	depart = hold(t, db)
	var group sync.WaitGroup
	for i := 1; i <= n; i++ {
		group.Go(func() { call(i) })
	}
	for db.Waiting() < n {
		runtime.Gosched()
	}
	return depart, group.Wait
}

// awaitBlocked returns when n statements of this database wait for a lock.
func awaitBlocked(t *testing.T, db *database.DB, n int) {
	t.Helper()
	for blocked := 0; blocked < n; {
		err := db.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&blocked)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// read finds a counter; dividing by 0 is refused.
const read = "SELECT id, id / $2::int FROM counters WHERE id = $1"

// Of statements that share a trip each gets its own row, or its own refusal,
// or the news that there is none.
func TestStatementsThatTravelTogetherStandAlone(t *testing.T) {
	for name, every := range map[string]int{"all are good": 1000, "some are refused": 8} {
		t.Run(name, func(t *testing.T) {
			db := openWithRows(t)
			depart, arrive := waiting(t, db, rows, func(i int) {
				by := 1
				if i%every == 0 {
					by = 0
				}
				var id, n int
				err := db.ReadRowBatched(t.Context(), read, i, by).Scan(&id, &n)
				if by == 1 && (err != nil || id != i || n != i) {
					t.Errorf("row %d: %d, %d, %v", i, id, n, err)
				}
				if by == 0 && err == nil {
					t.Errorf("row %d was not refused", i)
				}
				if err := db.ReadRowBatched(t.Context(), read, -i, 1).Scan(&id, &n); !errors.Is(err, database.ErrNoRows) {
					t.Errorf("a row that is not there: %v", err)
				}
			})
			depart()
			arrive()
		})
	}
}

// An answer that its caller cannot read fails that caller alone.
func TestAnAnswerThatCannotBeTakenIsNobodyElses(t *testing.T) {
	db := openWithRows(t)
	depart, arrive := waiting(t, db, rows, func(i int) {
		if i%10 == 1 {
			if err := db.ReadRowBatched(t.Context(), read, i, 1).Scan(new(int), new(time.Time)); err == nil {
				t.Errorf("row %d: a number is a time", i)
			}
			return
		}
		var id, n int
		if err := db.ReadRowBatched(t.Context(), read, i, 1).Scan(&id, &n); err != nil || id != i || n != i {
			t.Errorf("row %d: %d, %d, %v", i, id, n, err)
		}
	})
	depart()
	arrive()
	if err := db.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// A caller that gives up does not end the calls that share its trip.
func TestACallerWhoLeavesTakesNobodyAlong(t *testing.T) {
	db := openWithRows(t)
	gone, leave := context.WithCancel(t.Context())
	depart, arrive := waiting(t, db, rows, func(i int) {
		ctx := t.Context()
		if i%3 == 0 {
			ctx = gone
		}
		err := db.ReadRowBatched(ctx, read, i, 1).Scan(new(int), new(int))
		if err != nil && (i%3 != 0 || !errors.Is(err, context.Canceled)) {
			t.Errorf("row %d: %v", i, err)
		}
	})
	leave()
	depart()
	arrive()
}
