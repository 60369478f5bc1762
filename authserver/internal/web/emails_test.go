package web_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// Emails of a kind to one person are limited, and there are none about what was
// rolled back.
func TestEmailsOfAKindAreLimited(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		u, err := s.Store.FindUserByEmail(t.Context(), p.Email)
		if err != nil {
			t.Fatal(err)
		}
		waiting := func(kind string) (n int) {
			t.Helper()
			if err := s.DB.QueryRow(t.Context(), `SELECT coalesce(sum(letters), 0) FROM letter_counts WHERE kind = $1`, kind).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		gone := errors.New("gone")
		happen := func(kind string, details map[string]string, end error) {
			t.Helper()
			err := s.Store.InTx(t.Context(), func(ctx context.Context) error {
				if err := s.events.Record(ctx, authserver.Event{Kind: kind, UserID: u.ID, Details: details}); err != nil {
					return err
				}
				return end
			})
			if !errors.Is(err, end) {
				t.Fatal(err)
			}
		}
		happen(authserver.EventSecondFactorOff, nil, gone)
		if n := waiting(authserver.EmailMessageFactorOff); n != 0 {
			t.Errorf("%d emails about what was rolled back", n)
		}
		for range 12 {
			happen(authserver.EventSecondFactorOff, nil, nil)
		}
		if n := waiting(authserver.EmailMessageFactorOff); n != 10 {
			t.Errorf("%d emails of a kind in an hour", n)
		}
		fresh := map[string]string{"new": "true"}
		happen(authserver.EventSignin, nil, nil)
		happen(authserver.EventSignin, fresh, nil)
		happen(authserver.EventSignin, fresh, nil)
		if n := waiting(authserver.EmailMessageSignin); n != 1 {
			t.Errorf("%d emails about sign-ins at once", n)
		}
		s.clock.advance(5*time.Minute + time.Second)
		happen(authserver.EventSignin, fresh, nil)
		testenv.Eventually(t, 30*time.Second, "both emails", func() bool { return len(s.mail.to(authserver.EmailMessageSignin, p.Email)) == 2 })
	})
}

// TestE1_AnEmailDoesNotShowTheOperator: from where an operator does something to somebody
// is told to nobody, whatever it is.
func TestE1_AnEmailDoesNotShowTheOperator(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		boss, p := signedUp(t, s), signedUp(t, s)
		by, err := s.Store.FindUserByEmail(t.Context(), boss.Email)
		if err != nil {
			t.Fatal(err)
		}
		to, err := s.Store.FindUserByEmail(t.Context(), p.Email)
		if err != nil {
			t.Fatal(err)
		}
		from := authserver.Origin{Address: "192.0.2.7", UserAgent: "Operator/1.0", RequestID: "r"}
		record := func(kind, actor string) {
			t.Helper()
			err := s.events.Record(t.Context(), authserver.Event{
				Kind: kind, UserID: to.ID, ActorID: actor, Origin: from, Details: map[string]string{"new": "true", "scope": "read_write"},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		emails := func() (all []authserver.EmailMessage) {
			s.mail.mu.Lock()
			defer s.mail.mu.Unlock()
			for _, m := range s.mail.sent {
				if m.To == p.Email && m.Kind != authserver.EmailMessageConfirmOwn {
					all = append(all, m)
				}
			}
			return all
		}
		for _, group := range authserver.EventGroups {
			for _, kind := range group.Kinds {
				if kind != authserver.EventUserClosed { // which nobody does to somebody else
					record(kind, by.ID)
				}
			}
		}
		testenv.Eventually(t, 30*time.Second, "all emails", func() bool {
			w, err := s.Store.CountOutbox(t.Context(), authserver.OutboxEmail)
			return err == nil && w.Rows == 0
		})
		found := emails()
		if len(found) < 8 {
			t.Errorf("%d emails", len(found))
		}
		for _, m := range found {
			if m.Origin != (authserver.Origin{}) || m.At.IsZero() || m.Operator == (m.Kind == authserver.EmailMessageRemoved) {
				t.Errorf("%+v", m)
			}
		}
		record(authserver.EventSecondFactorOff, to.ID)
		testenv.Eventually(t, 30*time.Second, "an email about oneself", func() bool { return len(emails()) > len(found) })
		if m := emails()[len(found)]; m.Origin != from || m.Operator {
			t.Errorf("%+v", m)
		}
	})
}

// A browser that was announced is news again after everybody was signed out.
func TestABrowserIsAnnouncedAgainAfterANewPassword(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		emails := func(n int) {
			t.Helper()
			testenv.Eventually(t, 30*time.Second, "emails about sign-ins", func() bool { return len(s.mail.to(authserver.EmailMessageSignin, p.Email)) == n })
			s.clock.advance(6 * time.Minute)
		}
		other := actor.NewBrowser(s.URL)
		enter := func() {
			t.Helper()
			answer(t, other, "/signin", map[string]string{"email": p.Email, "password": p.Password})
		}
		enter()
		emails(1)
		answer(t, other, "/signout", nil)
		enter()
		answer(t, p.Browser, "/settings/password", map[string]string{"password": p.Password, "new_password": "Another-1!password"})
		s.email(t, authserver.EmailMessagePasswordChanged, p.Email)
		emails(1)
		p.Password = "Another-1!password"
		enter()
		emails(2)
	})
}

// Without a mail server nothing waits for one.
func TestWithoutEmailNothingIsQueued(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		quiet := settings()
		quiet.Emails = false
		s := newSite(t, set, quiet)
		p := signedUp(t, s)
		s.turnOn(t, p)
		if _, err := (&account.Recovery{People: s.People, Links: s.Store}).ResetLink(t.Context(), p.Email); err != nil {
			t.Fatal(err)
		}
		if w, err := s.Store.CountOutbox(t.Context(), authserver.OutboxEmail); err != nil || w.Rows != 0 {
			t.Errorf("%d messages wait, %v", w.Rows, err)
		}
	})
}

// Times of an email are those of its reader's zone; of somebody who is invited none is known.
func TestEmailsTellTheReadersTime(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		fill(t, p.Browser, open(t, p.Browser, "/preferences"), map[string]string{"time_zone": "Asia/Kolkata"})
		fill(t, p.Browser, open(t, p.Browser, "/settings/family"), map[string]string{"email": "guest@example.com", "role": "member"}, "action", "invite")
		if m := s.email(t, authserver.EmailMessageInvited, "guest@example.com"); m.TimeZone != "" {
			t.Errorf("an invitation in %s", m.TimeZone)
		}
		answer(t, p.Browser, "/settings/password", map[string]string{"password": p.Password, "new_password": "Another-1!password"})
		if m := s.email(t, authserver.EmailMessagePasswordChanged, p.Email); m.TimeZone != "Asia/Kolkata" {
			t.Errorf("a person in Kolkata reads of %q", m.TimeZone)
		}
	})
}
