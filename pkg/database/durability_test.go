package database_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

// TestD3_AStandbyThatIsNotSynchronousIsWarnedOf.
func TestD3_AStandbyThatIsNotSynchronousIsWarnedOf(t *testing.T) {
	server := testenv.StartPostgres(t, "wal_level=replica")
	warned := func() string {
		var log bytes.Buffer
		db, err := database.Open(t.Context(), server, database.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // it has been asked
		if err := db.Warn(t.Context()); err != nil {
			t.Fatal(err)
		}
		return log.String()
	}
	if log := warned(); log != "" {
		t.Errorf("without a standby: %s", log)
	}
	testenv.StartStandby(t, server)
	if log := warned(); !strings.Contains(log, "not synchronous") {
		t.Errorf("with an asynchronous standby: %q", log)
	}
	db := open(t, server)
	eventually := func(what string, is func(log string) bool) { // the server reads its configuration when it likes
		t.Helper()
		testenv.Eventually(t, 30*time.Second, what, func() bool { return is(warned()) })
	}
	change := func(setting string) {
		mustExec(t, db, "ALTER SYSTEM SET "+setting)
		mustExec(t, db, "SELECT pg_reload_conf()")
	}
	change("synchronous_commit = 'off'")
	eventually("commits that wait for nobody are warned of", func(log string) bool { return strings.Contains(log, "synchronous_commit=off") })
	change("synchronous_commit = 'on'")
	change("synchronous_standby_names = '*'")
	eventually("a synchronous standby is as it should be", func(log string) bool { return log == "" })
}

func TestEnginesSayTheirVersion(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		url := "sqlite:" + filepath.Join(t.TempDir(), "x.db")
		if set == testenv.Production {
			url = testenv.Postgres(t)
		}
		if got, err := open(t, url).Version(t.Context()); err != nil || !regexp.MustCompile(`^(SQLite|PostgreSQL) [0-9]+\.[0-9.]+$`).MatchString(got) {
			t.Errorf("%q, %v", got, err)
		}
	})
}
