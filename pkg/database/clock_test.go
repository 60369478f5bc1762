package database_test

import (
	"path/filepath"
	"testing"
	"time"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

// Hosts whose clocks are minutes apart agree on the time of their database. What is
// within the tolerance stays: a clock that is set back and forth is worse.
func TestHostsGoByTheClockOfTheDatabase(t *testing.T) {
	testenv.Production.Need(t)
	db, err := database.Open(t.Context(), testenv.Postgres(t), database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, off := range []time.Duration{5 * time.Minute, -5 * time.Minute, 2 * time.Second} {
		shift := off
		c := &database.Clock{Host: func() time.Time { return time.Now().Add(shift) }}
		// An answer that took long says nothing, so a busy machine is asked again.
		within := func(most time.Duration) func() bool {
			return func() bool {
				if err := c.Set(t.Context(), db); err != nil {
					t.Fatal(err)
				}
				return time.Until(c.Now()).Abs() <= most
			}
		}
		testenv.Eventually(t, 30*time.Second, off.String()+" off: the database's time counts", within(database.Tolerance))
		shift = 0 // somebody has set the host's clock
		testenv.Eventually(t, 30*time.Second, off.String()+" off, and mended", within(100*time.Millisecond))
	}
	slight := &database.Clock{Host: func() time.Time { return time.Now().Add(300 * time.Millisecond) }}
	if err := slight.Set(t.Context(), db); err != nil || time.Until(slight.Now()) < 250*time.Millisecond {
		t.Errorf("a clock within the tolerance was set: %v", err)
	}
}

func TestOnSQLiteTheHostsClockCounts(t *testing.T) {
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "x.db"), database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c := &database.Clock{Host: func() time.Time { return time.Now().Add(time.Hour) }}
	if err := c.Set(t.Context(), db); err != nil || time.Until(c.Now()) < 59*time.Minute {
		t.Errorf("the clock was set: %v", err)
	}
}
