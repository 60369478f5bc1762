package testenv

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// probeTimeout bounds the question whether an engine is there.
const probeTimeout = 3 * time.Second

// serverTimeout bounds the wait for an engine that a test has started.
const serverTimeout = time.Minute

// localPostgres and localRedis are asked when no URL is given.
const (
	localPostgres = "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable"
	localRedis    = "redis://127.0.0.1:6379"
)

// RequireEngines reports whether a missing engine is a failure: REQUIRE_ENGINES
// is set to something other than 0, as continuous integration does.
func RequireEngines() bool {
	v := os.Getenv("REQUIRE_ENGINES")
	return v != "" && v != "0"
}

var postgresURL = sync.OnceValues(func() (string, error) {
	url := os.Getenv("TEST_POSTGRES_URL")
	if url == "" {
		url = localPostgres
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	return url, conn.Close(ctx)
})

// PostgresURL returns where PostgreSQL answers: TEST_POSTGRES_URL, or a local
// server. Its role must be allowed to create databases.
func PostgresURL() (string, error) { return postgresURL() }

var redisURL = sync.OnceValues(func() (string, error) {
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		url = localRedis
	}
	opts, err := redis.ParseURL(url)
	if err != nil {
		return "", err
	}
	opts.DialTimeout = probeTimeout
	opts.DialerRetries = 1
	client := redis.NewClient(opts)
	defer client.Close() //nolint:errcheck // a probe: what matters is whether it answered
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	return url, client.Ping(ctx).Err()
})

// RedisURL returns where Redis answers: TEST_REDIS_URL, or a local server.
func RedisURL() (string, error) { return redisURL() }

// NeedPostgres returns the PostgreSQL URL. Without a server the test is
// skipped; when engines are required, or the URL was given, it fails.
func NeedPostgres(t testing.TB) string {
	t.Helper()
	url, err := PostgresURL()
	if err != nil {
		missing(t, "PostgreSQL", "TEST_POSTGRES_URL", err)
	}
	return url
}

// NeedRedis is NeedPostgres for Redis.
func NeedRedis(t testing.TB) string {
	t.Helper()
	url, err := RedisURL()
	if err != nil {
		missing(t, "Redis", "TEST_REDIS_URL", err)
	}
	return url
}

func missing(t testing.TB, engine, variable string, err error) {
	t.Helper()
	if RequireEngines() || os.Getenv(variable) != "" {
		t.Fatalf("%s is required and does not answer: %v", engine, err)
	}
	t.Skipf("%s does not answer and %s is not set: %v", engine, variable, err)
}

// Set names the engines a test runs on.
type Set string

// The two sets the product supports.
const (
	Embedded   Set = "embedded"   // SQLite, in-process cache
	Production Set = "production" // PostgreSQL, Redis
)

// EachSet runs fn once on each engine set, as a subtest named after it.
func EachSet(t *testing.T, fn func(t *testing.T, set Set)) {
	t.Helper()
	for _, set := range []Set{Embedded, Production} {
		t.Run(string(set), func(t *testing.T) {
			set.Need(t)
			fn(t, set)
		})
	}
}

// Need skips or fails the test when the set's engines are not there.
func (s Set) Need(t testing.TB) {
	t.Helper()
	if s == Production {
		NeedPostgres(t)
		NeedRedis(t)
	}
}
