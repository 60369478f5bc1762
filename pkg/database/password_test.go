package database_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

// TestANewPasswordNeedsNoRestart: connections that are opened after a renewal have it.
func TestANewPasswordNeedsNoRestart(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "pg_hba.conf")
	if err := os.WriteFile(rules, []byte("host all postgres all trust\nhost all all all scram-sha-256\n"), 0o644); err != nil { //nolint:gosec // PostgreSQL has a user of its own
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Dir(rules), filepath.Dir(filepath.Dir(rules))} {
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // see above
			t.Fatal(err)
		}
	}
	root := testenv.StartPostgres(t, "hba_file="+rules)
	admin, err := database.Open(t.Context(), root, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close() //nolint:errcheck // end of the test
	do := func(statement string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	do(`CREATE ROLE app LOGIN PASSWORD 'first'`)
	as := func(password string) string { return strings.Replace(root, "postgres@", "app:"+password+"@", 1) }
	db, err := database.Open(t.Context(), as("first"), database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // end of the test
	ping := func() error {
		var n int
		return db.QueryRow(t.Context(), "SELECT 1").Scan(&n)
	}
	if err := ping(); err != nil {
		t.Fatal(err)
	}
	do(`ALTER ROLE app PASSWORD 'second'`)
	do(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'`)
	_ = ping() // finds that its connection has ended
	if err := ping(); err == nil {
		t.Fatal("the old password is still taken: this test cannot fail")
	}
	apply, err := db.Renewal(as("second"))
	if err != nil {
		t.Fatal(err)
	}
	if err := ping(); err == nil {
		t.Error("the new password is taken before it is applied")
	}
	apply()
	if err := ping(); err != nil {
		t.Errorf("after it is applied: %v", err)
	}
	if _, err := db.Renewal("postgres://[::1"); err == nil {
		t.Error("a URL that is none is taken")
	}
}
