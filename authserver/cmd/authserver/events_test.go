package main

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"latchkey/pkg/testenv"
)

func TestEventCommands(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		if out := s.run("events", "list"); out.code != 0 || !strings.Contains(out.stdout, "none") {
			t.Errorf("no events: %d %s", out.code, out.stdout)
		}
		id := s.ok("client", "create", "--name", "App", "--public", "--redirect-uri", "http://127.0.0.1/cb").(map[string]any)["client_id"].(string)
		s.ok("client", "delete", id)
		s.ok("invite", "create")

		all := s.ok("events", "list").([]any)
		if len(all) != 3 {
			t.Fatalf("%v", all)
		}
		wantMembers(t, all[0], "actor_id", "at", "client_addr", "client_id", "details", "event", "family_id", "id", "outcome",
			"request_id", "subject_id", "user_agent", "user_id")
		for i, want := range []string{"invite.created", "client.deleted", "client.created"} {
			if e := all[i].(map[string]any); e["event"] != want || e["actor_id"] != "operator" || e["outcome"] != "success" {
				t.Errorf("%v, want %s", e, want)
			}
		}
		for _, c := range []struct {
			args []string
			want int
		}{
			{[]string{"--kind", "client.created", "--kind", "client.deleted"}, 2},
			{[]string{"--limit", "1"}, 1},
			{[]string{"--since", "1h"}, 3},
			{[]string{"--until", "1h"}, 0},
			{[]string{"--since", "2001-02-03", "--until", "2001-02-03T04:05:06Z"}, 0},
			{[]string{"--user", "x' OR 1=1 --"}, 0},
			{[]string{"--family", "nobody"}, 0},
		} {
			if found := s.ok(append([]string{"events", "list"}, c.args...)...).([]any); len(found) != c.want {
				t.Errorf("%v: %v", c.args, found)
			}
		}
		for _, wrong := range [][]string{{"--kind", "client.create"}, {"--since", "yesterday"}, {"--limit", "-1"}, {"--user", "nobody@example.com"}} {
			if out := s.run(append([]string{"events", "list"}, wrong...)...); out.code == 0 {
				t.Errorf("%v is taken: %s", wrong, out.stdout)
			}
		}
		if out := s.run("events", "list", "--kind", "client.create"); !strings.Contains(out.stderr, "did you mean client.created?") {
			t.Errorf("%s", out.stderr)
		}
		if out := s.run("events", "list"); !strings.HasPrefix(out.stdout, "AT ") || strings.Count(out.stdout, "\n") != 4 {
			t.Errorf("%s", out.stdout)
		}
		rows, err := csv.NewReader(strings.NewReader(s.run("events", "export").stdout)).ReadAll()
		if err != nil || len(rows) != 4 || rows[0][2] != "event" || rows[1][2] != "invite.created" {
			t.Errorf("%v, %v", rows, err)
		}
		lines := strings.Split(strings.TrimSpace(s.run("events", "export", "--json").stdout), "\n")
		var one map[string]any
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &one); err != nil || len(lines) != 3 || one["event"] != "client.created" {
			t.Errorf("%v, %v", lines, err)
		}
	})
}

func TestEventsAreVerified(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		if out := s.run("events", "verify"); out.code != 1 || !strings.Contains(out.stderr, "there is no encryption key") {
			t.Errorf("without a key: %d %s", out.code, out.stderr)
		}
		key := strings.TrimSpace(s.run("encryption-key", "new").stdout)
		s.env = []string{"AUTH_ENCRYPTION_KEY=" + key}
		s.ok("invite", "create")
		found := s.ok("events", "verify").(map[string]any)
		wantMembers(t, found, "faults", "head", "not_sealed_yet", "sealed")
		if len(found["faults"].([]any)) != 0 || found["not_sealed_yet"] != 1.0 {
			t.Errorf("%v", found)
		}
		next := strings.TrimSpace(s.run("encryption-key", "new").stdout)
		s.env = []string{"AUTH_ENCRYPTION_KEY=" + next, "AUTH_ENCRYPTION_KEYS_OLD=" + key}
		s.ok("encryption-key", "rotate")
		s.env = []string{"AUTH_ENCRYPTION_KEY=" + next}
		s.ok("events", "verify")
		s.env = []string{"AUTH_ENCRYPTION_KEY=" + key}
		if out := s.run("events", "verify"); out.code != 1 || !strings.Contains(out.stdout, "FAULT ") {
			t.Errorf("under another key: %d %s", out.code, out.stdout)
		}
		s.env = nil
		s.ok("invite", "create")
		s.env = []string{"AUTH_ENCRYPTION_KEY=" + next}
		if out := s.run("events", "verify"); out.code != 1 || !strings.Contains(out.stdout, "without the key") {
			t.Errorf("an event without a mark: %d %s", out.code, out.stdout)
		}
		for _, wrong := range []string{"x", "1", "0:00", "1:zz"} {
			if out := s.run("events", "verify", "--head", wrong); out.code == 0 || !strings.Contains(out.stderr, "--head") {
				t.Errorf("%s: %d %s", wrong, out.code, out.stderr)
			}
		}
	})
}
