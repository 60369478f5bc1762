package e2e

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/process"
)

// plain is what a value may consist of, so that nobody who reads it sees quotes,
// comments, variables or several words.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.,:/@%="

// asDocker reads an environment file as docker run --env-file does: lines, each whole.
func asDocker(text string) map[string]string {
	read := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimLeft(strings.TrimRight(line, "\n"), " \t")
		if name, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			read[name] = value
		}
	}
	return read
}

// asSystemd reads an EnvironmentFile as systemd does, as far as plain values go:
// # and ; begin comments, a \ at the end of a line continues it, blanks around a
// value do not count.
func asSystemd(t *testing.T, text string) map[string]string {
	t.Helper()
	read := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasSuffix(line, `\`) {
			t.Errorf("systemd continues the line %q", line)
		}
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if value = strings.TrimSpace(value); !ok || strings.Trim(value, plain) != "" {
			t.Errorf("systemd reads %q in a way of its own", line)
		}
		read[strings.TrimSpace(name)] = value
	}
	return read
}

// asShell lets a shell read the file.
func asShell(t *testing.T, file string) map[string]string {
	t.Helper()
	shell := exec.CommandContext(t.Context(), "/bin/sh", "-euc", `set -a; . "$0"; exec env -0`, file)
	shell.Env = []string{}
	out, err := shell.Output()
	if err != nil {
		t.Fatalf("sh: %v", err)
	}
	read := map[string]string{}
	for pair := range strings.SplitSeq(string(out), "\x00") {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "A") {
			read[name] = value
		}
	}
	return read
}

// TestD9_ExampleIsAnEnvironmentFile reads deploy/env.example as docker, compose,
// systemd and a shell do, and starts both services with what a shell read.
func TestD9_ExampleIsAnEnvironmentFile(t *testing.T) {
	t.Parallel()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "deploy", "env.example")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := asShell(t, file)
	compose, err := dotenv.Parse(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if len(want) < 80 || want["AUTH_THROTTLE_SIGNIN"] != "10/1m,30/1h,100/24h" {
		t.Fatalf("%d settings: %v", len(want), want)
	}
	for reader, got := range map[string]map[string]string{"docker": asDocker(string(raw)), "compose": compose, "systemd": asSystemd(t, string(raw))} {
		if !maps.Equal(got, want) {
			t.Errorf("%s reads other settings than a shell:\n%v\n%v", reader, got, want)
		}
	}

	bins, err := stack.Build(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct{ program, service, prefix string }{{bins.Auth, "authserver", "AUTH_"}, {bins.API, "resourceapi", "API_"}} {
		env := process.Env{}
		maps.Copy(env, want)
		for _, name := range []string{"ADDR", "OPS_ADDR"} {
			if env[s.prefix+name], err = process.FreeAddr(); err != nil {
				t.Fatal(err)
			}
		}
		p, err := process.Start(t.Context(), s.service, s.program, "", env[s.prefix+"OPS_ADDR"], t.TempDir(), env, "serve")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Stop() })
		if log := p.Log(); strings.Contains(log, "settings that nobody reads") {
			t.Errorf("%s: %s", s.service, log)
		}
	}
}
