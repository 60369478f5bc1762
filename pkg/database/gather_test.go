package database_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/pkg/database"
)

// Of two who ask one statement for one row, one is answered.
func TestGatheredCallersDoNotShareARow(t *testing.T) {
	db := openWithRows(t)
	var answered atomic.Int64
	depart, arrive := waiting(t, db, 2*rows, func(i int) {
		switch err := db.WriteRowGathered(t.Context(), addToMany, i%rows+1, 1).Scan(new(int), new(int)); {
		case err == nil:
			answered.Add(1)
		case !errors.Is(err, database.ErrNoRows):
			t.Error(err)
		}
	})
	depart()
	arrive()
	var sum int64
	if err := db.QueryRow(t.Context(), "SELECT sum(n) FROM counters").Scan(&sum); err != nil || sum != answered.Load() || sum < rows {
		t.Errorf("%d were answered, %d were counted, %v", answered.Load(), sum, err)
	}
}

// An answer that its caller cannot take is that caller's trouble alone, and so is
// a statement that answers nobody who asked.
func TestAnAnswerThatCannotBeTakenIsNobodyElses(t *testing.T) {
	eachWay(t, func(t *testing.T, db *database.DB, add adder) {
		depart, arrive := waiting(t, db, rows, func(i int) {
			var err error
			switch i % 10 {
			case 1:
				if err = add(t.Context(), i, 1).Scan(new(int), new(time.Time)); err == nil {
					t.Errorf("row %d: a number is a time", i)
				}
				return
			case 2:
				var n int
				if err = db.WriteRowGathered(t.Context(), "SELECT cardinality($1::int[]) + 1, 1", i).Scan(&n); err == nil || errors.Is(err, database.ErrNoRows) {
					t.Errorf("row %d: nobody's answer: %d, %v", i, n, err)
				}
				return
			}
			var id, n int
			if err = add(t.Context(), i, 1).Scan(&id, &n); err != nil || id != i || n != 1 {
				t.Errorf("row %d: %d, %d, %v", i, id, n, err)
			}
		})
		depart()
		arrive()
		if err := db.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestNothingIsGatheredInATransaction(t *testing.T) {
	db := openWithRows(t)
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		return db.WriteRowGathered(ctx, addToMany, 1, 1).Scan(new(int), new(int))
	})
	if err == nil || errors.Is(err, database.ErrNoRows) {
		t.Errorf("%v", err)
	}
}
