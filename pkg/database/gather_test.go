package database_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"latchkey/pkg/database"
)

const addToMany = `UPDATE counters SET n = n + asked.by FROM (
	SELECT held.id AS held, asked.* FROM unnest((SELECT $1::int[]), (SELECT $2::int[])) WITH ORDINALITY asked (id, by, place), counters held
	WHERE held.id = asked.id FOR NO KEY UPDATE OF held SKIP LOCKED) asked
	WHERE counters.id = asked.held RETURNING asked.place, counters.id, n`

// gather asks the statement for n rows at once, by ids and amounts, and returns
// what each caller got.
func gather(t *testing.T, g *database.Gather, n int, ask func(i int) (id, by int)) (ids []int, errs []error) {
	t.Helper()
	ids, errs = make([]int, n), make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			id, by := ask(i)
			errs[i] = g.Row(t.Context(), id, by).Scan(&ids[i], new(int))
		})
	}
	group.Wait()
	return ids, errs
}

func TestGatheredCallersGetTheirOwnRows(t *testing.T) {
	db := openWithRows(t)
	g := db.Gather(addToMany)
	for range 5 {
		ids, errs := gather(t, g, 2*rows, func(i int) (int, int) { return i + 1, 1 }) // the second half is not there
		for i := range ids {
			switch {
			case i < rows && (errs[i] != nil || ids[i] != i+1):
				t.Errorf("caller %d: row %d, %v", i, ids[i], errs[i])
			case i >= rows && !errors.Is(errs[i], database.ErrNoRows):
				t.Errorf("caller %d, whose row is not there: %v", i, errs[i])
			}
		}
	}
}

// A caller whose values the database refuses fails alone; the others may run
// alone too, and nothing of theirs has been written.
func TestARefusedCallerTakesNobodyAlong(t *testing.T) {
	db := openWithRows(t)
	g := db.Gather(addToMany)
	ids, errs := gather(t, g, rows, func(i int) (int, int) { return i + 1, 1 + 100*(i%2) }) // n < 10 is a rule of the table
	for i := range ids {
		if i%2 == 1 && errs[i] == nil {
			t.Errorf("caller %d broke the rule", i)
		}
		if i%2 == 0 && errs[i] != nil && !errors.Is(errs[i], database.ErrNoRows) {
			t.Errorf("caller %d: %v", i, errs[i])
		}
		var n int
		if err := db.QueryRow(t.Context(), "SELECT n FROM counters WHERE id = $1", i+1).Scan(&n); err != nil || (n == 1) != (errs[i] == nil) {
			t.Errorf("caller %d: %d was written, %v, and the answer was %v", i, n, err, errs[i])
		}
	}
}

// It would wait here for ever.
func TestAGatheredStatementWaitsForNoRow(t *testing.T) {
	db := openWithRows(t)
	g := db.Gather(addToMany)
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := db.Exec(ctx, "UPDATE counters SET n = n WHERE id = 1"); err != nil {
			return err
		}
		ids, errs := gather(t, g, rows, func(i int) (int, int) { return i + 1, 1 })
		if !errors.Is(errs[0], database.ErrNoRows) {
			t.Errorf("the caller of the held row: %v", errs[0])
		}
		for i := 1; i < rows; i++ {
			if errs[i] != nil || ids[i] != i+1 {
				t.Errorf("caller %d: row %d, %v", i, ids[i], errs[i])
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
