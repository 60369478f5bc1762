package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

// TestSweepCountsAndDeletesWhatHasExpired, and a dry run deletes nothing.
func TestSweepCountsAndDeletesWhatHasExpired(t *testing.T) {
	t.Parallel()
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

// TestSweepsReachWhatHasNoEndOfItsOwn: registration tokens that are used up, and
// security events that are sealed. A token that can still be used stays.
func TestSweepsReachWhatHasNoEndOfItsOwn(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		s.env = append(s.env, "AUTH_ENCRYPTION_KEY="+strings.Repeat("11", 32))
		s.ok("migrate", "up")
		old := time.Now().UTC().Add(-100 * 24 * time.Hour)
		for i, uses := range []int{1, 0, 2} { // used up, without end, used once of twice
			s.sql(`INSERT INTO registration_tokens (id, digest, uses, used, created_at, used_at) VALUES ($1, $2, $3, 1, $4, $4)`,
				"2f1e8b7a-0000-4000-8000-00000000000"+string(rune('1'+i)), []byte{byte(i)}, uses, old)
		}
		for range 3 {
			s.ok("invite", "create")
		}
		s.seal(strings.Repeat("11", 32))
		s.sql(`UPDATE events SET at = $1 WHERE position <= 2`, old)
		s.env = append(s.env, "AUTH_EVENT_RETENTION=720h")
		for i, c := range []struct {
			args           []string
			tokens, events float64
		}{{[]string{"sweep", "--dry-run"}, 1, 2}, {[]string{"sweep"}, 1, 2}, {[]string{"sweep", "--dry-run"}, 0, 0}} {
			if counts := s.ok(c.args...).(map[string]any); counts["registration_tokens"] != c.tokens || counts["events"] != c.events {
				t.Errorf("%d. %v: %v", i, c.args, counts)
			}
		}
	})
}

// seal seals the security events, as a server does.
func (s *shell) seal(key string) {
	s.t.Helper()
	db, err := database.Open(s.t.Context(), s.url, database.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // what was sealed is committed
	keys, err := event.NewKeys(key)
	if err != nil {
		s.t.Fatal(err)
	}
	kept := store.New(db)
	r := &event.Recorder{Store: kept, Chain: kept, Keys: keys, Logger: slog.New(slog.DiscardHandler), Now: now}
	if err := r.Seal(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}
