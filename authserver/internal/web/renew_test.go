package web_test

import (
	"context"
	"testing"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// Renewing a sign-in locks the person first and the old sign-in last, in the
// order of whoever changes the password and ends all sign-ins: neither waits for
// the other in a ring.
func TestRenewingASigninDoesNotMeetAPasswordChangeInADeadlock(t *testing.T) {
	testenv.Production.Need(t)
	s := newSite(t, testenv.Production, settings())
	p := actor.NewPerson(s.URL)
	if _, err := p.SignUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	u, err := s.Store.FindUserByEmail(t.Context(), p.Email)
	if err != nil {
		t.Fatal(err)
	}
	var raw []byte
	if err := s.DB.QueryRow(t.Context(), "SELECT digest FROM signins WHERE user_id = $1", u.ID).Scan(&raw); err != nil {
		t.Fatal(err)
	}
	digest, err := secret.DigestFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	renewed := make(chan error, 1)
	err = s.DB.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := s.DB.Exec(ctx, "UPDATE users SET first_name = 'Ada' WHERE id = $1", u.ID); err != nil {
			return err
		}
		go func() {
			_, err := s.People.RenewSignin(t.Context(), &authserver.Signin{Digest: digest, User: *u}, account.Visitor{})
			renewed <- err
		}()
		for blocked := 0; blocked == 0; {
			err := s.DB.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&blocked)
			if err != nil {
				return err
			}
		}
		_, err := s.DB.Exec(ctx, "UPDATE signins SET seen_at = seen_at WHERE user_id = $1", u.ID)
		return err
	})
	if err != nil {
		t.Errorf("the transaction: %v", err)
	}
	if err := <-renewed; err != nil {
		t.Errorf("the renewal: %v", err)
	}
}
