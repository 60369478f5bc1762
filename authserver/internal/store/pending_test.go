package store_test

import (
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// A right password that was replaced, or whose user was deactivated, while it was
// being checked does not wait for a second factor.
func TestAPendingSigninNeedsThePasswordThatWasChecked(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		checked := &authserver.User{ID: p.id, PasswordHash: "checked"}
		exec(t, db, `UPDATE users SET password_hash = 'checked'`)
		pend := func() error {
			return s.CreatePendingSignin(t.Context(), secret.New(secret.Signin).Digest(), checked, start, start.Add(time.Minute))
		}
		if err := pend(); err != nil {
			t.Fatal(err)
		}
		if won, err := s.ReplacePassword(t.Context(), p.id, "checked", "next", nil); !won || err != nil {
			t.Fatal(won, err)
		}
		if err := pend(); !fault.Is(err, fault.NotFound) {
			t.Errorf("another password: %v", err)
		}
		checked.PasswordHash = "next"
		if _, err := s.Deactivate(t.Context(), p.id, true, start); err != nil {
			t.Fatal(err)
		}
		if err := pend(); !fault.Is(err, fault.NotFound) {
			t.Errorf("a deactivated user: %v", err)
		}
		if won, err := s.ReplacePassword(t.Context(), p.id, "checked", "checked again", nil); won || err != nil {
			t.Errorf("a password that is not there any more was replaced: %v, %v", won, err)
		}
	})
}
