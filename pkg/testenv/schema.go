package testenv

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Schema gives each test a migrated database of its own. It migrates one of each
// engine, when a test first needs it, and copies that.
type Schema struct {
	Migrate func(ctx context.Context, url string) error // must close its connections

	mu       sync.Mutex
	sqlite   []byte // a migrated file; nil: none yet
	postgres string // URL of a migrated database; "": none yet

	gone departures
}

// Run runs the tests and removes the databases that are left. A package that
// uses a Schema calls it in TestMain and exits with what it returns.
func (s *Schema) Run(m *testing.M) int {
	code := m.Run()
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
		return 1
	}
	return code
}

// Close removes the databases that are left, when no test runs any more.
func (s *Schema) Close() error { return s.gone.all() }

// Database returns the URL of a database that lives as long as the test.
func (s *Schema) Database(t testing.TB, set Set) string {
	t.Helper()
	if set == Production {
		url, leave, err := s.Postgres(t.Context(), NeedPostgres(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(leave)
		return url
	}
	if err := s.migrateSQLite(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(file, s.sqlite, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + file
}

// Postgres returns the URL of a migrated database on a server; leave says that nobody
// needs it any more.
func (s *Schema) Postgres(ctx context.Context, server string) (address string, leave func(), err error) {
	if err := s.migratePostgres(ctx, server); err != nil {
		return "", nil, err
	}
	address, drop, err := relaxed(ctx, server, s.postgres)
	if err != nil {
		return "", nil, err
	}
	return patient(address), func() { s.gone.add(drop) }, nil
}

// patient has whoever opens the database at address wait half a minute for a connection:
// while many tests begin at once, three seconds are not enough.
func patient(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Set("connect_timeout", "30")
	u.RawQuery = q.Encode()
	return u.String()
}

func (s *Schema) migrateSQLite(ctx context.Context, dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sqlite != nil {
		return nil
	}
	file := filepath.Join(dir, "schema.db")
	if err := s.Migrate(ctx, "sqlite:"+file); err != nil {
		return err
	}
	var err error
	s.sqlite, err = os.ReadFile(file) //nolint:gosec // made above
	return err
}

func (s *Schema) migratePostgres(ctx context.Context, server string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.postgres != "" {
		return nil
	}
	address, drop, err := CreatePostgres(ctx, server)
	if err != nil {
		return err
	}
	if err := s.Migrate(ctx, address); err != nil {
		return errors.Join(err, drop())
	}
	s.gone.last(drop)
	s.postgres = address
	return nil
}

// databaseName is the name of the database at address.
func databaseName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Path, "/")
}
