package database_test

import (
	"context"
	"sync"
	"testing"
)

// Of two transactions that wait for each other PostgreSQL ends one, which is run
// again and goes through.
func TestATransactionIsRunAgainAfterADeadlock(t *testing.T) {
	db := openWithRows(t)
	var (
		both, group sync.WaitGroup
		mu          sync.Mutex
		runs        int
	)
	both.Add(2)
	cross := func(first, second int) {
		met := false
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			mu.Lock()
			runs++
			mu.Unlock()
			if _, err := db.Exec(ctx, "UPDATE counters SET n = n + 1 WHERE id = $1", first); err != nil {
				return err
			}
			if !met {
				met = true
				both.Done()
				both.Wait()
			}
			_, err := db.Exec(ctx, "UPDATE counters SET n = n + 1 WHERE id = $1", second)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	group.Go(func() { cross(1, 2) })
	group.Go(func() { cross(2, 1) })
	group.Wait()
	var sum int
	if err := db.QueryRow(t.Context(), "SELECT sum(n) FROM counters").Scan(&sum); err != nil || sum != 4 || runs < 3 {
		t.Errorf("%d were counted in %d runs, %v", sum, runs, err)
	}
}
