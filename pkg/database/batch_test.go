package database_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

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

const (
	add       = "UPDATE counters SET n = n + $2 WHERE id = $1 RETURNING id, n"
	addToMany = `UPDATE counters SET n = n + asked.by
		FROM unnest((SELECT $1::int[]), (SELECT $2::int[])) WITH ORDINALITY asked (id, by, place)
		WHERE counters.id = asked.id RETURNING place, counters.id, n`
)

const rows = 40

type adder func(ctx context.Context, id, by int) database.Row

// eachWay runs test with both ways to add to a counter together with others.
func eachWay(t *testing.T, test func(t *testing.T, db *database.DB, add adder)) {
	t.Helper()
	t.Run("batched", func(t *testing.T) {
		db := openWithRows(t)
		test(t, db, func(ctx context.Context, id, by int) database.Row { return db.WriteRowBatched(ctx, add, id, by) })
	})
	t.Run("gathered", func(t *testing.T) {
		db := openWithRows(t)
		test(t, db, func(ctx context.Context, id, by int) database.Row { return db.WriteRowGathered(ctx, addToMany, id, by) })
	})
}

// hold keeps every lane busy until the caller lets go.
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
	for range database.WriteLanes() {
		group.Go(func() {
			if err := db.WriteRowBatched(t.Context(), "SELECT 1 FROM pg_advisory_xact_lock(1)").Scan(new(int)); err != nil {
				t.Error(err)
			}
		})
	}
	awaitBlocked(t, db, database.WriteLanes())
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

// Of statements that travel together each gets its own row, or its own refusal,
// or the news that there is none; and what one is refused undoes nobody's.
func TestStatementsThatTravelTogetherStandAlone(t *testing.T) {
	eachWay(t, func(t *testing.T, db *database.DB, add adder) {
		depart, arrive := waiting(t, db, rows, func(i int) {
			by := 1
			if i%8 == 0 {
				by = 100 // more than the table allows
			}
			var id, n int
			err := add(t.Context(), i, by).Scan(&id, &n)
			if by == 1 && (err != nil || id != i || n != 1) {
				t.Errorf("row %d: %d, %d, %v", i, id, n, err)
			}
			if by != 1 && err == nil {
				t.Errorf("row %d was not refused", i)
			}
			if err := add(t.Context(), -i, 1).Scan(&id, &n); !errors.Is(err, database.ErrNoRows) {
				t.Errorf("a row that is not there: %v", err)
			}
		})
		depart()
		arrive()
		var sum int
		if err := db.QueryRow(t.Context(), "SELECT sum(n) FROM counters").Scan(&sum); err != nil || sum != rows-rows/8 {
			t.Errorf("%d were counted, %v", sum, err)
		}
	})
}

func TestABatchIsOneCommit(t *testing.T) {
	eachWay(t, func(t *testing.T, db *database.DB, add adder) {
		depart, arrive := waiting(t, db, rows, func(i int) {
			if err := add(t.Context(), i, 1).Scan(new(int), new(int)); err != nil {
				t.Error(err)
			}
		})
		depart()
		arrive()
		var commits, statements int
		err := db.QueryRow(t.Context(), "SELECT count(DISTINCT xmin::text), count(DISTINCT (xmin::text, cmin::text)) FROM counters").Scan(&commits, &statements)
		if err != nil || commits > database.WriteLanes()+1 {
			t.Errorf("%d writes in %d commits, %v", rows, commits, err)
		}
		if strings.HasSuffix(t.Name(), "gathered") && statements != commits {
			t.Errorf("%d statements in %d commits", statements, commits)
		}
	})
}

// A batch that holds rows and waits for one gives way to a transaction that
// holds that one and waits for theirs, and is run again.
func TestABatchStepsBackFromADeadlock(t *testing.T) {
	eachWay(t, func(t *testing.T, db *database.DB, add adder) {
		depart, arrive := waiting(t, db, rows, func(i int) {
			if err := add(t.Context(), i, 1).Scan(new(int), new(int)); err != nil {
				t.Errorf("row %d: %v", i, err)
			}
		})
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := db.Exec(ctx, "UPDATE counters SET n = n + 1 WHERE id = 1"); err != nil {
				return err
			}
			depart()
			awaitBlocked(t, db, 1) // the batch, on the row that is ours
			_, err := db.Exec(ctx, "UPDATE counters SET n = n + 1 WHERE id > 1")
			return err
		})
		if err != nil {
			t.Errorf("the transaction: %v", err)
		}
		arrive()
		var sum int
		if err := db.QueryRow(t.Context(), "SELECT sum(n) FROM counters").Scan(&sum); err != nil || sum != 2*rows {
			t.Errorf("%d were counted of %d, %v", sum, 2*rows, err)
		}
	})
}

// Somebody who leaves does not take those along who travel with them.
func TestACallerWhoLeavesTakesNobodyAlong(t *testing.T) {
	eachWay(t, func(t *testing.T, db *database.DB, add adder) {
		gone, leave := context.WithCancel(t.Context())
		depart, arrive := waiting(t, db, rows, func(i int) {
			ctx := t.Context()
			if i%3 == 0 {
				ctx = gone
			}
			err := add(ctx, i, 1).Scan(new(int), new(int))
			if err != nil && (i%3 != 0 || !errors.Is(err, context.Canceled)) {
				t.Errorf("row %d: %v", i, err)
			}
		})
		leave()
		depart()
		arrive()
	})
}
