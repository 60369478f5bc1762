package main_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/cache"
	"latchkey/pkg/database"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

func run(t *testing.T, program string, env map[string]string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = t.TempDir()
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestProductionRefusesARoleAboveRowSecurity starts the service as a superuser,
// which production refuses, and as a role that owns nothing, which serves.
func TestProductionRefusesARoleAboveRowSecurity(t *testing.T) {
	address := testenv.Postgres(t)
	program := build(t)
	out, err := run(t, program, map[string]string{"API_DATABASE_URL": address, "API_PRODUCTION": "true", "API_ADDR": "127.0.0.1:0", "API_OPS_ADDR": "127.0.0.1:0"}, "serve")
	if err == nil || !strings.Contains(out, "row security") || strings.Contains(out, "listening") {
		t.Errorf("as a superuser: %v\n%s", err, out)
	}
	role := "latchkey_" + strings.ToLower(rand.Text()[:12])
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "CREATE ROLE "+role+" LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '"+role+"'"); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, role)
	s := newService(t, program, testenv.Embedded)
	if err := s.process.Stop(); err != nil {
		t.Error(err)
	}
	s.env["API_DATABASE_URL"], s.env["API_MIGRATION_DATABASE_URL"], s.env["API_PRODUCTION"] = u.String(), address, "true"
	s.start()
	if status, _ := s.call("GET", "/api/v1/accounts", nil); status != 200 {
		t.Errorf("as an ordinary role: %d", status)
	}
	if strings.Contains(s.process.Log(), role) {
		t.Error("the log names the role or its password")
	}
	s.process.Kill()
	s.env["API_MIGRATE"] = "false" // what has been applied, that role can see
	delete(s.env, "API_MIGRATION_DATABASE_URL")
	s.start()
	if status, _ := s.call("GET", "/api/v1/accounts", nil); status != 200 {
		t.Errorf("where another process has migrated: %d", status)
	}
	s.process.Kill()
	for _, text := range []string{"DROP OWNED BY " + role, "DROP ROLE " + role} {
		if _, err := conn.Exec(t.Context(), text); err != nil {
			t.Error(err)
		}
	}
	_ = conn.Close(t.Context()) // the test is over
}

// TestWithoutMigrationsNothingIsServed: with API_MIGRATE off, a schema that
// lacks migrations is none to serve.
func TestWithoutMigrationsNothingIsServed(t *testing.T) {
	out, err := run(t, build(t), map[string]string{
		"API_DATABASE_URL": testenv.Postgres(t), "API_MIGRATE": "false", "API_ADDR": "127.0.0.1:0", "API_OPS_ADDR": "127.0.0.1:0",
	}, "serve")
	if err == nil || !strings.Contains(out, "0001_initial.sql") || !strings.Contains(out, "migrate up") || strings.Contains(out, "listening") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestD6_AnOldProgramRefusesANewerSchema, whether it migrates or not.
func TestD6_AnOldProgramRefusesANewerSchema(t *testing.T) {
	program := build(t)
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		address := "sqlite:" + filepath.Join(t.TempDir(), "api.db")
		if set == testenv.Production {
			address = testenv.Postgres(t)
		}
		env := map[string]string{"API_DATABASE_URL": address, "API_ADDR": "127.0.0.1:0", "API_OPS_ADDR": "127.0.0.1:0"}
		if out, err := run(t, program, env, "migrate", "up"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		db, err := database.Open(t.Context(), address, database.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec(t.Context(), "UPDATE schema_compatibility SET number = number + 1")
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		for _, migrate := range []string{"true", "false"} {
			env["API_MIGRATE"] = migrate
			if out, err := run(t, program, env, "serve"); err == nil || !strings.Contains(out, "newer than this program") {
				t.Errorf("API_MIGRATE=%s: %v\n%s", migrate, err, out)
			}
		}
	})
}

func TestCommandLine(t *testing.T) {
	program := build(t)
	env := map[string]string{"API_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "api.db")}
	for _, c := range []struct {
		args string
		code int
		part string
	}{
		{"", 2, "usage: resourceapi COMMAND"},
		{"nonsense", 2, "unknown command"},
		{"--help", 0, "usage"},
		{"serve extra", 2, "unexpected argument"},
		{"migrate", 2, "migrate up|status"},
		{"migrate down", 2, "unknown command"},
		{"migrate up --json", 0, `"applied": true`},
		{"migrate status", 0, "applied"},
		{"seed", 2, "--family"},
		{"seed --family 2f1e8b7a-0000-4000-8000-000000000001 --json", 0, `"transactions"`},
		{"serve -h", 0, "resourceapi serve"},
		{"healthcheck", 1, "healthcheck"},
	} {
		out, err := run(t, program, env, strings.Fields(c.args)...)
		code := 0
		if exit, isExit := err.(*exec.ExitError); isExit { //nolint:errorlint // the very type that exec returns
			code = exit.ExitCode()
		}
		if code != c.code || !strings.Contains(out, c.part) {
			t.Errorf("resourceapi %s: exit %d, want %d\n%s", c.args, code, c.code, out)
		}
	}
}

// TestD14_StopsWhileRevocationsArrive: messages of other replicas without a pause
// do not keep the service from ending.
func TestD14_StopsWhileRevocationsArrive(t *testing.T) {
	testenv.Production.Need(t)
	s := newService(t, build(t), testenv.Production)
	store, err := cache.OpenRedis(s.env["API_REDIS_URL"], cache.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	publisher := introspection.NewPublisher(store, slog.New(slog.DiscardHandler), nil)
	ctx, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	defer others.Wait()
	defer stop()
	for range 2 {
		others.Go(func() {
			for ctx.Err() == nil {
				publisher.Publish(ctx, []secret.Digest{secret.New(secret.AccessToken).Digest()})
			}
		})
	}
	if status, _ := s.call("GET", "/api/v1/accounts", nil); status != 200 {
		t.Fatalf("status %d", status)
	}
	began := time.Now()
	if err := s.process.Stop(); err != nil {
		t.Errorf("%v\n%s", err, s.process.Log())
	}
	if took := time.Since(began); took > 10*time.Second { // API_DRAIN
		t.Errorf("it took %v", took)
	}
}

func TestD14_RedisURLsThatCannotWork(t *testing.T) {
	program := build(t)
	for _, url := range []string{"redis://h?addr=", "redis://h?bogus=", "redis://h/x", "redis://h?dial_timeout=soon", "redis://:hunter2@h:x"} {
		out, err := run(t, program, map[string]string{"API_REDIS_URL": url, "API_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "api.db")}, "serve")
		if exit, isExit := err.(*exec.ExitError); !isExit || exit.ExitCode() != 1 || strings.Count(out, "\n") != 1 || //nolint:errorlint // the very type that exec returns
			!strings.Contains(out, "API_REDIS_URL ") || strings.Contains(out, "hunter2") {
			t.Errorf("%s: %v\n%s", url, err, out)
		}
	}
}
