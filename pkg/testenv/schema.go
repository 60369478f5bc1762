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
	drop     func() error

	leaving  sync.WaitGroup // databases that are being removed
	removing sync.Mutex     // held for one after the other
	errs     []error        // why some could not be
}

// Run runs the tests and removes what the schema was copied from. A package that
// uses a Schema calls it in TestMain and exits with what it returns.
func (s *Schema) Run(m *testing.M) int {
	code := m.Run()
	s.leaving.Wait()
	if s.drop != nil {
		s.errs = append(s.errs, s.drop())
	}
	if err := errors.Join(s.errs...); err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
		return 1
	}
	return code
}

// Database returns the URL of a database that lives as long as the test.
func (s *Schema) Database(t testing.TB, set Set) string {
	t.Helper()
	if set == Production {
		server := NeedPostgres(t)
		if err := s.migratePostgres(t.Context(), server); err != nil {
			t.Fatal(err)
		}
		url, drop := postgres(t, server, s.postgres)
		t.Cleanup(func() { s.leave(drop) })
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

// leave removes the database of a test that has ended, while others run: a server writes
// out what all of its databases hold before it lets go of one.
func (s *Schema) leave(drop func() error) {
	s.leaving.Go(func() {
		s.removing.Lock()
		defer s.removing.Unlock()
		if err := drop(); err != nil {
			s.errs = append(s.errs, err)
		}
	})
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
	s.drop = drop
	if err := s.Migrate(ctx, address); err != nil {
		return err
	}
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
