package testenv

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Setup says what stack to launch. The zero value is one authserver and one
// resourceapi on embedded engines.
type Setup struct {
	Set      Set
	Replicas int // of resourceapi; 0: one
	AuthEnv  Env // on top of what every test needs
	APIEnv   Env

	// On the production set these are used when given; otherwise a database
	// each and a Redis database are made and removed with the stack.
	AuthDB, APIDB, Redis string
	Dir                  string // data and working folder; empty: a temporary one
}

// Credential is a client id and, for a confidential client, its secret.
type Credential struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// Stack is both services running, and what is needed to talk to them.
type Stack struct {
	Setup
	Binaries       Binaries
	Auth           *Process
	APIs           []*Process
	ResourceServer Credential

	authEnv Env
	apiEnvs []Env  // of each replica
	erasure Env    // what lets authserver tell resourceapi of deleted families
	apiAddr string // of the first replica, chosen before authserver starts
	undo    []func() error
}

// API returns the first replica of resourceapi.
func (s *Stack) API() *Process { return s.APIs[0] }

// Start launches a stack that ends with the test. A test that fails prints the
// services' logs.
func Start(t testing.TB, setup Setup) *Stack {
	t.Helper()
	setup.Set.Need(t)
	s, err := Launch(t.Context(), setup)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := s.Close()
		if err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("log of authserver:\n%s", tail(s.Auth.Log()))
			for _, api := range s.APIs {
				t.Logf("log of resourceapi:\n%s", tail(api.Log()))
			}
		}
		if raceEnabled {
			s.checkRaces(t)
		}
	})
	return s
}

func (s *Stack) checkRaces(t testing.TB) {
	for _, p := range append([]*Process{s.Auth}, s.APIs...) {
		if strings.Contains(p.Log(), "WARNING: DATA RACE") {
			t.Errorf("%s has a data race:\n%s", p.Name, p.Log())
		}
	}
}

func tail(log string) string {
	const enough = 8000
	if len(log) > enough {
		return "…" + log[len(log)-enough:]
	}
	return log
}

// Launch builds both services and starts them on free loopback ports. On an
// error nothing is left running.
func Launch(ctx context.Context, setup Setup) (*Stack, error) {
	s := &Stack{Setup: setup}
	if err := s.launch(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stack) launch(ctx context.Context) error {
	var err error
	if s.Binaries, err = Build(ctx); err != nil {
		return err
	}
	if s.Dir == "" {
		if s.Dir, err = os.MkdirTemp("", "latchkey-"); err != nil {
			return fmt.Errorf("testenv: %w", err)
		}
		s.undo = append(s.undo, func() error { return os.RemoveAll(s.Dir) })
	}
	if err := s.engines(ctx); err != nil {
		return err
	}
	if err := s.startAuth(ctx); err != nil {
		return err
	}
	if s.ResourceServer, err = s.NewClient(ctx, "--name", "resourceapi", "--resource-server"); err != nil {
		return err
	}
	for range max(1, s.Replicas) {
		if err := s.AddAPI(ctx); err != nil {
			return err
		}
	}
	return nil
}

// engines fills in the database and cache URLs that were not given.
func (s *Stack) engines(ctx context.Context) error {
	if s.Set != Production {
		s.AuthDB = "sqlite:" + filepath.Join(s.Dir, "auth.db")
		s.APIDB = "sqlite:" + filepath.Join(s.Dir, "api.db")
		return nil
	}
	for _, db := range []*string{&s.AuthDB, &s.APIDB} {
		if *db != "" {
			continue
		}
		server, err := PostgresURL()
		if err != nil {
			return err
		}
		url, drop, err := CreatePostgres(ctx, server)
		if err != nil {
			return err
		}
		*db = url
		s.undo = append(s.undo, drop)
	}
	if s.Redis != "" {
		return nil
	}
	server, err := RedisURL()
	if err != nil {
		return err
	}
	url, release, err := LeaseRedis(ctx, server)
	if err != nil {
		return err
	}
	s.Redis = url
	s.undo = append(s.undo, release)
	return nil
}

func (s *Stack) startAuth(ctx context.Context) error {
	addr, err := FreeAddr()
	if err != nil {
		return err
	}
	ops, err := FreeAddr()
	if err != nil {
		return err
	}
	if s.apiAddr, err = FreeAddr(); err != nil {
		return err
	}
	erasureSecret := rand.Text() + rand.Text()
	s.erasure = Env{"API_ERASURE_SECRET": erasureSecret}
	s.authEnv = Env{
		"AUTH_ERASURE_URL": "http://" + s.apiAddr, "AUTH_ERASURE_SECRET": erasureSecret,
		"AUTH_ADDR": addr, "AUTH_OPS_ADDR": ops, "AUTH_ISSUER": "http://" + addr,
		"AUTH_DATABASE_URL": s.AuthDB, "AUTH_REDIS_URL": s.Redis,
	}.With(s.AuthEnv)
	if _, err := Run(ctx, s.Binaries.Auth, s.Dir, s.authEnv, "migrate", "up"); err != nil {
		return err
	}
	s.Auth, err = StartProcess(ctx, "authserver", s.Binaries.Auth, s.authEnv["AUTH_ISSUER"], ops, s.Dir, s.authEnv, "serve")
	return err
}

// AddAPI starts one more replica of resourceapi.
func (s *Stack) AddAPI(ctx context.Context) error {
	addr := s.apiAddr
	if len(s.APIs) > 0 {
		var err error
		if addr, err = FreeAddr(); err != nil {
			return err
		}
	}
	ops, err := FreeAddr()
	if err != nil {
		return err
	}
	url := "http://" + addr
	if len(s.APIs) > 0 {
		url = s.APIs[0].URL // replicas share the public address; Process.URL is the replica's own
	}
	env := Env{
		"API_ADDR": addr, "API_OPS_ADDR": ops, "API_URL": url, "API_ISSUER": s.authEnv["AUTH_ISSUER"],
		"API_DATABASE_URL": s.APIDB, "API_REDIS_URL": s.Redis,
		"API_INTROSPECTION_CLIENT_ID": s.ResourceServer.ID, "API_INTROSPECTION_CLIENT_SECRET": s.ResourceServer.Secret,
	}.With(s.erasure).With(s.APIEnv)
	if _, err := Run(ctx, s.Binaries.API, s.Dir, env, "migrate", "up"); err != nil {
		return err
	}
	p, err := StartProcess(ctx, "resourceapi", s.Binaries.API, "http://"+addr, ops, s.Dir, env, "serve")
	if err != nil {
		return err
	}
	s.APIs, s.apiEnvs = append(s.APIs, p), append(s.apiEnvs, env)
	return nil
}

// CLI runs authserver's command line against the stack's database.
func (s *Stack) CLI(ctx context.Context, args ...string) ([]byte, error) {
	return Run(ctx, s.Binaries.Auth, s.Dir, s.authEnv, args...)
}

// NewClient registers a client through the command line: client create ARGS --json.
func (s *Stack) NewClient(ctx context.Context, args ...string) (Credential, error) {
	var c Credential
	out, err := s.CLI(ctx, append(append([]string{"client", "create"}, args...), "--json")...)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(out, &c); err != nil || c.ID == "" {
		return c, fmt.Errorf("testenv: client create did not print a client: %w", errors.Join(err, errors.New("see its output")))
	}
	return c, nil
}

// Logs returns what every service has written so far.
func (s *Stack) Logs() string {
	var all strings.Builder
	if s.Auth != nil {
		all.WriteString(s.Auth.Log())
	}
	for _, api := range s.APIs {
		all.WriteString(api.Log())
	}
	return all.String()
}

// Close stops the services and removes what Launch made. A service a test has
// killed is no error.
func (s *Stack) Close() error {
	for _, api := range s.APIs {
		stopIfRunning(api)
	}
	if s.Auth != nil {
		stopIfRunning(s.Auth)
	}
	var errs []error
	for i := len(s.undo) - 1; i >= 0; i-- {
		errs = append(errs, s.undo[i]())
	}
	s.undo = nil
	return errors.Join(errs...)
}

func stopIfRunning(p *Process) {
	select {
	case <-p.done:
	default:
		_ = p.Stop() // a service that does not drain is killed, which is all that matters here
	}
}
