package testenv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// dropTimeout bounds the removal of a database, which waits for a checkpoint: on a disk
// that is busy with the databases of many tests that may take more than a minute.
const dropTimeout = 5 * time.Minute

// Postgres makes an empty database that lives as long as the test and returns
// its URL.
func Postgres(t testing.TB) string {
	t.Helper()
	url, drop := postgres(t, NeedPostgres(t), "")
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return url
}

// postgres makes a database for a test that is a copy of the one at template ("":
// empty). drop removes it.
func postgres(t testing.TB, server, template string) (url string, drop func() error) {
	t.Helper()
	url, drop, err := copyPostgres(t.Context(), server, template)
	if err != nil {
		t.Fatal(err)
	}
	// No test outlives its server, so no commit has to wait for the disk.
	if err := onServer(t.Context(), server, "ALTER DATABASE "+databaseName(url)+" SET synchronous_commit = off"); err != nil {
		t.Fatal(errors.Join(err, drop()))
	}
	return url, drop
}

// CreatePostgres makes an empty database on the server at server and returns
// its URL and the function that removes it, connections and all.
func CreatePostgres(ctx context.Context, server string) (string, func() error, error) {
	return copyPostgres(ctx, server, "")
}

func copyPostgres(ctx context.Context, server, template string) (string, func() error, error) {
	name := "latchkey_" + strings.ToLower(rand.Text()[:16])
	create := "CREATE DATABASE " + name
	if template != "" {
		create += " TEMPLATE " + databaseName(template)
	}
	if err := onServer(ctx, server, create); err != nil {
		return "", nil, err
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", nil, fmt.Errorf("testenv: PostgreSQL URL: %w", err)
	}
	u.Path = "/" + name
	drop := func() error { //nolint:contextcheck // runs after the test, when its context is over
		ctx, cancel := context.WithTimeout(context.Background(), dropTimeout)
		defer cancel()
		return onServer(ctx, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}
	return u.String(), drop, nil
}

func onServer(ctx context.Context, server, statement string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("testenv: connect to PostgreSQL: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // the statement's own error is the one that matters
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("testenv: %s: %w", strings.Join(strings.Fields(statement)[:2], " "), err)
	}
	return nil
}
