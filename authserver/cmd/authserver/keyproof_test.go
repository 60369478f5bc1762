package main

import (
	"strings"
	"testing"
	"time"

	"latchkey/authserver/internal/account"
	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

// sql runs a statement on the database of the shell.
func (s *shell) sql(text string, args ...any) {
	s.t.Helper()
	db, err := database.Open(s.t.Context(), s.url, database.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the statement has been answered
	if _, err := db.Exec(s.t.Context(), text, args...); err != nil {
		s.t.Fatal(err)
	}
}

// TestD7_AWrongEncryptionKeyIsFoundAtStart, not by the first person with a second
// factor; a key that was changed or lost has its way.
func TestD7_AWrongEncryptionKeyIsFoundAtStart(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		key := func(current string, old ...string) {
			s.env = []string{
				"AUTH_ADDR=127.0.0.1:0", "AUTH_OPS_ADDR=127.0.0.1:0", "AUTH_ENCRYPTION_KEY=" + current,
				"AUTH_ENCRYPTION_KEYS_OLD=" + strings.Join(old, ","),
			}
		}
		refused := func(what string) {
			t.Helper()
			for _, args := range [][]string{{"serve"}, {"encryption-key", "rotate"}} {
				out := s.run(args...)
				if out.code != 1 || !strings.Contains(out.stderr, "AUTH_ENCRYPTION_KEY") || strings.Contains(out.stderr, "listening") {
					t.Errorf("%s, %v: exit %d: %s", what, args, out.code, out.stderr)
				}
			}
		}
		first, second, third := account.NewSealKey(), account.NewSealKey(), account.NewSealKey()
		key(first)
		s.ok("encryption-key", "rotate") // the first who has a key leaves the proof
		key(second)
		refused("another key")
		key("")
		refused("no key")
		key(second, first)
		s.ok("encryption-key", "rotate")
		key(first)
		refused("the key of before")
		key(second)
		s.ok("encryption-key", "rotate")

		s.ok("seed")
		s.sql(`INSERT INTO second_factors (user_id, sealed, confirmed_at) SELECT id, $1, $2 FROM users`, []byte("damaged"), time.Now())
		key(third)
		refused("the key is lost")
		if removed := s.ok("encryption-key", "replace").(map[string]any)["removed"]; removed != float64(1) {
			t.Errorf("removed: %v", removed)
		}
		s.ok("encryption-key", "rotate")
		key(second)
		refused("the lost key is found")
	})
}

// TestD6_AnOldProgramRefusesANewerSchema, whatever it is asked to do.
func TestD6_AnOldProgramRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		s.ok("migrate", "up")
		s.sql(`UPDATE schema_compatibility SET number = number + 1`)
		for _, migrate := range []string{"true", "false"} {
			s.env = []string{"AUTH_MIGRATE=" + migrate, "AUTH_ADDR=127.0.0.1:0", "AUTH_OPS_ADDR=127.0.0.1:0"}
			for _, args := range [][]string{{"serve"}, {"client", "list"}} {
				if out := s.run(args...); out.code != 1 || !strings.Contains(out.stderr, "newer than this program") {
					t.Errorf("AUTH_MIGRATE=%s, %v: exit %d: %s", migrate, args, out.code, out.stderr)
				}
			}
		}
		s.ok("migrate", "status")
	})
}
