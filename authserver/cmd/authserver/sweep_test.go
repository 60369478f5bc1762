package main

import (
	"strings"
	"testing"
	"time"

	"latchkey/pkg/testenv"
)

// TestSweepCountsAndDeletesWhatHasExpired, and a dry run deletes nothing.
func TestSweepCountsAndDeletesWhatHasExpired(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		s.ok("migrate", "up")
		old, young := time.Now().UTC().Add(-100*24*time.Hour), time.Now().UTC()
		for i, at := range []time.Time{old, old, young} {
			s.sql(`INSERT INTO invites (id, digest, created_at, expires_at) VALUES ($1, $2, $3, $3)`,
				"2f1e8b7a-0000-4000-8000-00000000000"+string(rune('1'+i)), []byte{byte(i)}, at)
		}
		for i, c := range []struct {
			args []string
			want float64
		}{{[]string{"sweep", "--dry-run"}, 2}, {[]string{"sweep", "--dry-run"}, 2}, {[]string{"sweep"}, 2}, {[]string{"sweep", "--dry-run"}, 0}} {
			if counts := s.ok(c.args...).(map[string]any); counts["invites"] != c.want || counts["grants"] != 0.0 {
				t.Errorf("%d. %v: %v", i, c.args, counts)
			}
		}
		if out := s.run("sweep", "--dry-run"); out.code != 0 || !strings.HasPrefix(out.stdout, "TABLE") || !strings.Contains(out.stdout, "\ninvites ") {
			t.Errorf("%+v", out)
		}
	})
}
