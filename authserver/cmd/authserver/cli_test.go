package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/pkg/testenv"
)

// beCommand makes the test's own binary the command, so that its exit codes and
// outputs are the real ones.
const beCommand = "LATCHKEY_TEST_BE_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(beCommand) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// shell runs the command on one database.
type shell struct {
	t   *testing.T
	dir string
	url string
	env []string
}

func newShell(t *testing.T, set testenv.Set) *shell {
	t.Helper()
	s := &shell{t: t, dir: t.TempDir()}
	s.url = "sqlite:" + filepath.Join(s.dir, "auth.db")
	if set == testenv.Production {
		s.url = testenv.Postgres(t)
	}
	return s
}

type output struct {
	code           int
	stdout, stderr string
}

func (s *shell) run(args ...string) output {
	s.t.Helper()
	program, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.CommandContext(s.t.Context(), program, args...)
	cmd.Dir = s.dir
	cmd.Env = append([]string{beCommand + "=1", "AUTH_DATABASE_URL=" + s.url, "PATH=" + os.Getenv("PATH"), "GORACE=exitcode=66"}, s.env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		s.t.Fatalf("%v: %v", args, err)
	} else if ok {
		return output{exit.ExitCode(), stdout.String(), stderr.String()}
	}
	return output{0, stdout.String(), stderr.String()}
}

// ok runs a command that must succeed, with --json, and reads what it prints.
func (s *shell) ok(args ...string) any {
	s.t.Helper()
	out := s.run(append(args, "--json")...)
	var v any
	if err := json.Unmarshal([]byte(out.stdout), &v); out.code != 0 || err != nil {
		s.t.Fatalf("%v: exit %d, %v\n%s\n%s", args, out.code, err, out.stdout, out.stderr)
	}
	return v
}

// members returns the sorted member names of an object.
func members(t *testing.T, v any) []string {
	t.Helper()
	object, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("%v is no object", v)
	}
	return slices.Sorted(maps.Keys(object))
}

func wantMembers(t *testing.T, v any, names ...string) {
	t.Helper()
	if diff := cmp.Diff(names, members(t, v)); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

func TestUsageErrorsExit2(t *testing.T) {
	s := newShell(t, testenv.Embedded)
	s.url = "sqlite:/nowhere/at/all/auth.db" // a usage error is found before anything is opened
	for _, args := range [][]string{
		{},
		{"nonsense"},
		{"serve", "x"},
		{"serve", "--nonsense"},
		{"migrate"},
		{"migrate", "down"},
		{"migrate", "up", "x"},
		{"client"},
		{"client", "nonsense"},
		{"client", "create", "x"},
		{"client", "create", "--nonsense"},
		{"client", "create", "--name", "x", "--public", "--confidential"},
		{"client", "create", "--name", "x", "--public", "--auth-method", "client_secret_basic"},
		{"client", "create", "--name", "x", "--confidential", "--auth-method", "none"},
		{"client", "show"},
		{"client", "show", "a", "b"},
		{"client", "logo"},
		{"client", "logo", "a"},
		{"client", "logo", "a", "--file", "x", "--remove"},
		{"client", "logo", "a", "--fetch", "--remove"},
		{"client", "delete"},
		{"client", "list", "x"},
		{"client", "rotate-secret"},
		{"client", "rotate-secret", "x", "--overlap", "soon"},
		{"invite"},
		{"invite", "create", "--expires-in", "soon"},
		{"invite", "revoke"},
		{"user"},
		{"user", "deactivate"},
		{"user", "delete", "a", "b"},
		{"user", "reset-link"},
		{"encryption-key"},
		{"encryption-key", "nonsense"},
		{"encryption-key", "new", "x"},
		{"secret", "x"},
		{"healthcheck", "x"},
	} {
		out := s.run(args...)
		if out.code != 2 || out.stdout != "" || !strings.Contains(out.stderr, "authserver") {
			t.Errorf("%v: exit %d, want 2\nstdout: %s\nstderr: %s", args, out.code, out.stdout, out.stderr)
		}
	}
}

func TestHelpExits0(t *testing.T) {
	s := newShell(t, testenv.Embedded)
	s.url = "sqlite:/nowhere/at/all/auth.db"
	for _, args := range [][]string{
		{"-h"},
		{"--help"},
		{"help"},
		{"client", "-h"},
		{"client", "create", "-h"},
		{"user", "--help"},
		{"invite", "-h"},
		{"migrate", "-h"},
		{"serve", "-h"},
		{"encryption-key", "-h"},
	} {
		out := s.run(args...)
		if out.code != 0 || !strings.Contains(strings.ToLower(out.stdout+out.stderr), "usage") {
			t.Errorf("%v: exit %d\n%s\n%s", args, out.code, out.stdout, out.stderr)
		}
	}
}

func TestFailuresExit1(t *testing.T) {
	s := newShell(t, testenv.Embedded)
	for _, args := range [][]string{
		{"client", "show", "nobody"},
		{"client", "delete", "nobody"},
		{"client", "delete", "latchkey-first-party"},
		{"client", "rotate-secret", "nobody"},
		{"client", "rotate-secret", "nobody", "--overlap", "1000h"},
		{"client", "create", "--name", ""},
		{"client", "create", "--name", "x", "--redirect-uri", "http://app.example/"},
		{"user", "deactivate", "nobody@example.com"},
		{"user", "delete", "nonsense"},
		{"invite", "revoke", "x"},
		{"invite", "create", "--expires-in", "-1h"},
		{"healthcheck"},
	} {
		s.env = []string{"AUTH_OPS_ADDR=127.0.0.1:1"}
		out := s.run(args...)
		said := lastLine(out.stderr)
		if out.code != 1 || out.stdout != "" || !strings.HasPrefix(said, "authserver: ") || strings.Contains(said, "not_found") || strings.Contains(said, "invalid:") {
			t.Errorf("%v: exit %d, want 1\nstdout: %s\nstderr: %s", args, out.code, out.stdout, out.stderr)
		}
	}
	s.env = []string{"AUTH_ISSUER=nonsense", "AUTH_LOG_LEVEL=loud"}
	out := s.run("client", "list")
	if out.code != 1 || !strings.Contains(out.stderr, "AUTH_ISSUER") || !strings.Contains(out.stderr, "AUTH_LOG_LEVEL") {
		t.Errorf("exit %d: %s", out.code, out.stderr)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, line := range lines {
		if strings.HasPrefix(line, "authserver: ") {
			return line
		}
	}
	return lines[len(lines)-1]
}

// A Redis URL that cannot work is a sentence, whatever is asked for.
func TestD14_RedisURLsThatCannotWork(t *testing.T) {
	for _, url := range []string{"redis://h?addr=", "redis://h?bogus=", "redis://h/x", "redis://h?dial_timeout=soon", "redis://:hunter2@h:x"} {
		s := newShell(t, testenv.Embedded)
		s.env = []string{"AUTH_REDIS_URL=" + url}
		for _, args := range [][]string{{"serve"}, {"client", "list"}} {
			out := s.run(args...)
			if out.code != 1 || strings.Count(out.stderr, "\n") != 1 || !strings.Contains(out.stderr, "AUTH_REDIS_URL ") || strings.Contains(out.stderr, "hunter2") {
				t.Errorf("%s with %s: exit %d\n%s", args, url, out.code, out.stderr)
			}
		}
	}
}

// TestD12_ListsSayWhatTheyShow: a header above the rows, and "none" where there are
// none.
func TestD12_ListsSayWhatTheyShow(t *testing.T) {
	s := newShell(t, testenv.Embedded)
	s.ok("migrate", "up")
	lists := [][]string{{"user", "list"}, {"invite", "list"}, {"registration-token", "list"}, {"identity", "list"}, {"apikey", "list"}}
	for _, args := range lists {
		if out := s.run(args...); out.code != 0 || out.stdout != "none\n" {
			t.Errorf("%v: exit %d: %q", args, out.code, out.stdout)
		}
	}
	s.ok("seed")
	s.ok("invite", "create")
	s.ok("registration-token", "create")
	for _, args := range [][]string{lists[0], lists[1], lists[2], {"client", "list"}} {
		header, rows, _ := strings.Cut(s.run(args...).stdout, "\n")
		if fields := strings.Fields(header); len(fields) < 4 || fields[0] != "ID" || header != strings.ToUpper(header) || rows == "" {
			t.Errorf("%v: %q above %q", args, header, rows)
		}
	}
}
