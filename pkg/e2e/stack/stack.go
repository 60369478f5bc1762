package stack

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// Setup says what stack to launch. The zero value is one authserver and one
// resourceapi on embedded engines.
type Setup struct {
	Replicas int         // of resourceapi; 0: one
	AuthEnv  process.Env // on top of what every test needs
	APIEnv   process.Env

	AuthDB, APIDB string // database URLs; empty: SQLite files in Dir
	Redis         string // URL; empty: the in-process cache
	Dir           string // data and working folder; empty: a temporary one

	Secret func(secret string) // is told the resource server's before resourceapi starts; nil: nobody
}

// Stack is both services running, and what is needed to talk to them.
type Stack struct {
	Setup
	Binaries       Binaries
	Auth           *process.Process
	APIs           []*process.Process
	ResourceServer actor.Credential

	authEnv process.Env
	erasure process.Env // what lets authserver tell resourceapi of deleted families
	apiAddr string      // of the first replica, chosen before authserver starts
	undo    []func() error
}

// API returns the first replica of resourceapi.
func (s *Stack) API() *process.Process { return s.APIs[0] }

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
	if s.Binaries, err = Build(ctx, io.Discard); err != nil {
		return err
	}
	if s.Dir == "" {
		if s.Dir, err = os.MkdirTemp("", "latchkey-"); err != nil {
			return fmt.Errorf("stack: %w", err)
		}
		s.undo = append(s.undo, func() error { return os.RemoveAll(s.Dir) })
	}
	if s.AuthDB == "" {
		s.AuthDB = "sqlite:" + filepath.Join(s.Dir, "auth.db")
	}
	if s.APIDB == "" {
		s.APIDB = "sqlite:" + filepath.Join(s.Dir, "api.db")
	}
	if err := s.startAuth(ctx); err != nil {
		return err
	}
	if s.ResourceServer, err = s.NewClient(ctx, "--name", "resourceapi", "--resource-server"); err != nil {
		return err
	}
	if s.Secret != nil {
		s.Secret(s.ResourceServer.Secret)
	}
	for range max(1, s.Replicas) {
		if err := s.AddAPI(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) startAuth(ctx context.Context) error {
	addr, err := process.FreeAddr()
	if err != nil {
		return err
	}
	ops, err := process.FreeAddr()
	if err != nil {
		return err
	}
	if s.apiAddr, err = process.FreeAddr(); err != nil {
		return err
	}
	erasureSecret := rand.Text() + rand.Text()
	s.erasure = process.Env{"API_ERASURE_SECRET": erasureSecret}
	s.authEnv = process.Env{
		"AUTH_ERASURE_URL": "http://" + s.apiAddr, "AUTH_ERASURE_SECRET": erasureSecret,
		"AUTH_ADDR": addr, "AUTH_OPS_ADDR": ops, "AUTH_ISSUER": "http://" + addr, "AUTH_API_URL": "http://" + s.apiAddr,
		"AUTH_DATABASE_URL": s.AuthDB, "AUTH_REDIS_URL": s.Redis,
	}.With(s.AuthEnv)
	s.Auth, err = process.Start(ctx, "authserver", s.Binaries.Auth, s.authEnv["AUTH_ISSUER"], ops, s.Dir, s.authEnv, "serve")
	return err
}

// AddAPI starts one more replica of resourceapi.
func (s *Stack) AddAPI(ctx context.Context) error {
	addr := s.apiAddr
	if len(s.APIs) > 0 {
		var err error
		if addr, err = process.FreeAddr(); err != nil {
			return err
		}
	}
	ops, err := process.FreeAddr()
	if err != nil {
		return err
	}
	url := "http://" + addr
	if len(s.APIs) > 0 {
		url = s.APIs[0].URL // replicas share the public address; Process.URL is the replica's own
	}
	env := process.Env{
		"API_ADDR": addr, "API_OPS_ADDR": ops, "API_URL": url, "API_ISSUER": s.authEnv["AUTH_ISSUER"],
		"API_DATABASE_URL": s.APIDB, "API_REDIS_URL": s.Redis,
		"API_INTROSPECTION_CLIENT_ID": s.ResourceServer.ID, "API_INTROSPECTION_CLIENT_SECRET": s.ResourceServer.Secret,
	}.With(s.erasure).With(s.APIEnv)
	p, err := process.Start(ctx, "resourceapi", s.Binaries.API, "http://"+addr, ops, s.Dir, env, "serve")
	if err != nil {
		return err
	}
	s.APIs = append(s.APIs, p)
	return nil
}

// CLI runs authserver's command line against the stack's database.
func (s *Stack) CLI(ctx context.Context, args ...string) ([]byte, error) {
	return process.Run(ctx, s.Binaries.Auth, s.Dir, s.authEnv, args...)
}

// FeedCLI is CLI with text on standard input.
func (s *Stack) FeedCLI(ctx context.Context, text string, args ...string) ([]byte, error) {
	return process.Feed(ctx, strings.NewReader(text), s.Binaries.Auth, s.Dir, s.authEnv, args...)
}

// NewClient registers a client through the command line: client create ARGS --json.
func (s *Stack) NewClient(ctx context.Context, args ...string) (actor.Credential, error) {
	var c actor.Credential
	out, err := s.CLI(ctx, append(append([]string{"client", "create"}, args...), "--json")...)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(out, &c); err != nil || c.ID == "" {
		return c, fmt.Errorf("stack: client create did not print a client: %w", errors.Join(err, errors.New("see its output")))
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
		api.End()
	}
	if s.Auth != nil {
		s.Auth.End()
	}
	var errs []error
	for i := len(s.undo) - 1; i >= 0; i-- {
		errs = append(errs, s.undo[i]())
	}
	s.undo = nil
	return errors.Join(errs...)
}
