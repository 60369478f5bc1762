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
	url, drop, err := relaxed(t.Context(), NeedPostgres(t), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return url
}

// relaxed makes a database that is a copy of the one at template ("": empty). Its
// commits wait for no disk: what is tested on it does not outlive its server.
func relaxed(ctx context.Context, server, template string) (url string, drop func() error, err error) {
	url, drop, err = copyPostgres(ctx, server, template)
	if err != nil {
		return "", nil, err
	}
	if err := onServer(ctx, server, "ALTER DATABASE "+databaseName(url)+" SET synchronous_commit = off"); err != nil {
		return "", nil, errors.Join(err, drop())
	}
	return url, drop, nil
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
