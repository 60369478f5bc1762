package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/testenv"
)

// program puts the command on a PATH of its own, under its name.
func (s *shell) program() (env []string) {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	bin := filepath.Join(s.dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "authserver")); err != nil {
		s.t.Fatal(err)
	}
	return append([]string{beCommand + "=1", "AUTH_DATABASE_URL=" + s.url, "PATH=" + bin + ":" + os.Getenv("PATH")}, s.env...)
}

// sh runs a line of a shell.
func (s *shell) sh(env []string, in, program string, args ...string) (string, error) {
	s.t.Helper()
	if program == "authserver" {
		program = filepath.Join(s.dir, "bin", program)
	}
	cmd := exec.CommandContext(s.t.Context(), program, args...) //nolint:gosec // our own lines
	cmd.Dir, cmd.Env, cmd.Stdin = s.dir, env, strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestExamplesOfHelpWork: each is run as it is printed.
func TestExamplesOfHelpWork(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		s.env = []string{"AUTH_ENCRYPTION_KEY=" + strings.Repeat("11", 32)}
		s.ok("migrate", "up")
		made := s.ok("seed").(map[string]any)
		confidential := s.ok("client", "create", "--name", "Reports", "--redirect-uri", "https://reports.example.com/callback").(map[string]any)
		env := append(s.program(), "TOKEN=nonsense", "FAMILY_ID="+made["family_id"].(string), "CLIENT_ID="+made["client_id"].(string),
			"SECRET_CLIENT_ID="+confidential["client_id"].(string))
		keys := slices.SortedFunc(maps.Keys(examples), func(a, b string) int { // what deletes comes last
			if da, db := strings.Contains(a, "delete"), strings.Contains(b, "delete"); da != db {
				if da {
					return 1
				}
				return -1
			}
			return strings.Compare(a, b)
		})
		for _, key := range keys {
			help, err := s.sh(env, "", "authserver", append([]string{"help"}, strings.Fields(key)[1:]...)...)
			if err != nil {
				t.Errorf("help %s: %v\n%s", key, err, help)
			}
			for _, line := range examples[key] {
				if !strings.Contains(help, "\n  "+line+"\n") {
					t.Errorf("help %s does not show %s:\n%s", key, line, help)
				}
				if out, err := s.sh(env, "", "/bin/sh", "-euc", line); err != nil {
					t.Errorf("%s: %v\n%s", line, err, out)
				}
			}
		}
	})
}

// TestShellsCompleteCommandsAndFlags: every command is found from nothing, and says
// its flags without running.
func TestShellsCompleteCommandsAndFlags(t *testing.T) {
	s := newShell(t, testenv.Embedded)
	s.url = "sqlite:/nowhere/at/all/auth.db" // nothing is opened
	env := s.program()
	complete := func(words ...string) []string {
		t.Helper()
		out, err := s.sh(env, "", "authserver", append([]string{"complete", "--"}, words...)...)
		if err != nil {
			t.Fatalf("%v: %v\n%s", words, err, out)
		}
		return strings.Fields(out)
	}
	leaves := 0
	for _, command := range complete("") {
		if command == "help" || command == "completion" {
			continue
		}
		below := complete(command, "")
		if len(below) == 0 {
			below = []string{""}
		}
		for _, sub := range below {
			words := strings.Fields(command + " " + sub)
			if flags := complete(append(words, "--")...); !slices.Contains(flags, "--json") {
				t.Errorf("%v: %v", words, flags)
			}
			leaves++
		}
	}
	if leaves < 35 {
		t.Errorf("%d commands", leaves)
	}
	script := filepath.Join(s.dir, "completion")
	for _, shell := range []string{"bash", "zsh", "fish"} {
		out, err := s.sh(env, "", "authserver", "completion", shell)
		if err != nil || os.WriteFile(script, []byte(out), 0o600) != nil {
			t.Fatalf("%s: %v\n%s", shell, err, out)
		}
		if path, err := exec.LookPath(shell); err == nil { // bash is everywhere
			if out, err := s.sh(env, "", path, "-n", script); err != nil {
				t.Errorf("%s -n: %v\n%s", shell, err, out)
			}
		} else if shell == "bash" {
			t.Fatal(err)
		}
	}
	for line, want := range map[string]string{
		"client ro":                      "rotate-secret",
		"client rotate-secret x --overl": "--overlap",
		"completion z":                   "zsh",
		"help fam":                       "family",
		"nonsense x":                     "",
	} {
		words := strings.Fields(line)
		for shell, script := range map[string]string{
			"bash": `source <(authserver completion bash); COMP_WORDS=(authserver $LINE); COMP_CWORD=` + string(rune('0'+len(words))) + `; _authserver; echo "${COMPREPLY[*]:-}"`,
			"zsh": `compdef() { : }; compadd() { print -r -- ${(P)2} }; source <(authserver completion zsh)
				words=(authserver ${=LINE}); CURRENT=$#words; _authserver`,
			"fish": `authserver completion fish | source; complete -C "authserver $LINE"`,
		} {
			if _, err := exec.LookPath(shell); err != nil {
				continue // bash is everywhere, as above
			}
			out, err := s.sh(append(env, "LINE="+line), "", shell, "-c", script)
			if err != nil || strings.TrimSpace(out) != want {
				t.Errorf("%s: %s: %q %v", shell, line, out, err)
			}
		}
	}
}

// TestD12_OnATerminalTheCommandAsks before it does what cannot be taken back, unless
// it is told not to. A script is not asked.
func TestD12_OnATerminalTheCommandAsks(t *testing.T) {
	s := newShell(t, testenv.Embedded)
	s.ok("migrate", "up")
	made := s.ok("seed").(map[string]any)
	id := made["client_id"].(string)
	env := s.program()
	there := func() bool { return s.run("client", "show", id).code == 0 }
	terminal := func(typed, line string) string {
		t.Helper()
		out, err := s.sh(env, typed, "script", "-qec", line, "/dev/null")
		if err != nil && typed == "yes\n" {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
		return out
	}
	if out := terminal("no\n", "authserver client delete "+id); !there() || !strings.Contains(out, "Type yes") {
		t.Errorf("there %v: %s", there(), out)
	}
	if out := terminal("yes\n", "authserver client delete "+id); there() || !strings.Contains(out, "deleted "+id) {
		t.Errorf("there %v: %s", there(), out)
	}
	old := time.Now().UTC().Add(-100 * 24 * time.Hour)
	s.sql(`INSERT INTO invites (id, digest, created_at, expires_at) VALUES ($1, $2, $3, $3)`, "2f1e8b7a-0000-4000-8000-000000000001", []byte{1}, old)
	if out := terminal("", "authserver sweep"); !strings.Contains(out, "rows deleted: 1") {
		t.Errorf("a sweep on a terminal says nothing of how far it is: %q", out)
	}
	s.sql(`INSERT INTO invites (id, digest, created_at, expires_at) VALUES ($1, $2, $3, $3)`, "2f1e8b7a-0000-4000-8000-000000000001", []byte{1}, old)
	if out := s.run("sweep"); strings.Contains(out.stderr, "rows deleted") {
		t.Errorf("a sweep in a script: %q", out.stderr)
	}
	email := made["email"].(string)
	if out := terminal("no\n", "authserver user delete "+email+" --yes"); strings.Contains(out, "Type yes") || !strings.Contains(out, "deleted") {
		t.Errorf("%s", out)
	}
}
