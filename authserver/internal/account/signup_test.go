package account_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
)

func TestSignUp(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		in := form(" Ada@Example.COM ")
		in.FirstName, in.LastName = " Ada ", "Lovelace"
		u, err := w.People.SignUp(w.Context(), in, home, none)
		if err != nil {
			w.Fatal(err)
		}
		got := w.user(u.ID)
		if got.Email != "ada@example.com" || got.Named() != "Ada Lovelace" || got.Role != authserver.RoleAdmin || !got.Operator ||
			got.FamilyName == "" || got.EmailConfirmed() || got.Language != "en" || got.PasswordHash == password {
			w.Errorf("%+v", got)
		}
		w.wantEvent(authserver.EventSignup, got)
		if bob := w.join("bob@example.com", ""); bob.Operator || bob.FamilyID == got.FamilyID {
			w.Errorf("the second: %+v", bob)
		}
		_, err = w.People.SignUp(w.Context(), form("ADA@example.com"), home, none)
		w.wantRules("a taken address", err, "email.taken")
		_, err = w.People.SignUp(w.Context(), account.Signup{Email: "x", Password: "short", FirstName: "a\x00"}, home, none)
		if names := rules(err); !fault.Is(err, fault.Invalid) || len(names) < 5 {
			w.Errorf("every broken rule at once: %v", names)
		}
		broken := errors.New("broken")
		_, err = w.People.SignUp(w.Context(), form("eve@example.com"), home, func(context.Context, *authserver.User) error { return broken })
		if _, none := w.Store.FindUserByEmail(w.Context(), "eve@example.com"); !errors.Is(err, broken) || !fault.Is(none, fault.NotFound) {
			w.Errorf("what must exist with the user does not: %v, %v", err, none)
		}
		if n := w.Count(`SELECT count(*) FROM families`); n != 2 {
			w.Errorf("%d families of two people", n)
		}
	})
}

// One address, one user; one instance, one first operator; one code, one sign-up.
func TestSignUpsRace(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		try := func(email, code string) bool {
			in := form(email)
			in.InviteCode = code
			_, err := w.People.SignUp(w.Context(), in, home, none)
			if err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Forbidden) {
				w.Error(err)
			}
			return err == nil
		}
		if n := storetest.Race(8, func(int) bool { return try("ada@example.com", "") }); n != 1 {
			w.Errorf("%d sign-ups with one address", n)
		}
		_, code, err := w.People.CreateInvite(w.Context(), "", "", 0)
		w.must(err)
		if n := storetest.Race(8, func(i int) bool { return try(fmt.Sprintf("guest%d@example.com", i), code.Reveal()) }); n != 1 {
			w.Errorf("%d sign-ups with one code", n)
		}
		storetest.Race(6, func(i int) bool { return try(fmt.Sprintf("bob%d@example.com", i), "") })
		if n := w.Count(`SELECT count(*) FROM users WHERE operator`); n != 1 {
			w.Errorf("%d operators", n)
		}
		if n := w.Count(`SELECT count(*) FROM families`) - w.Count(`SELECT count(*) FROM users`); n != 0 {
			w.Errorf("%d families without a member", n)
		}
	})
}

func TestInviteCodes(t *testing.T) {
	eachEngine(t, settings(func(s *account.Settings) {
		s.Signup = account.SignupInvite
		s.Throttles.Invite = []account.Limit{{Max: 3, Window: time.Hour}}
	}), func(w *world) {
		try := func(email, code, address string) error {
			in := form(email)
			in.InviteCode = code
			_, err := w.People.SignUp(w.Context(), in, account.Visitor{Address: address}, none)
			return err
		}
		w.Want("without a code", try("ada@example.com", " ", "192.0.2.1"), fault.Forbidden)
		w.Want("no code at all", try("ada@example.com", "x", "192.0.2.2"), fault.Forbidden)
		_, bound, err := w.People.CreateInvite(w.Context(), "Ada@example.com", "for Ada", time.Hour)
		w.must(err)
		w.Want("somebody else's", try("bob@example.com", bound.Reveal(), "192.0.2.3"), fault.Forbidden)
		weak := account.Signup{Email: "ada@example.com", Password: "weak", InviteCode: bound.Reveal()}
		_, err = w.People.SignUp(w.Context(), weak, home, none)
		w.Want("a weak password", err, fault.Invalid)
		w.must(try("ada@example.com", " "+bound.Reveal()+" ", "192.0.2.4")) // the attempts before used nothing up
		w.Want("used", try("ada@example.com", bound.Reveal(), "192.0.2.5"), fault.Forbidden)

		late, lateCode, err := w.People.CreateInvite(w.Context(), "", "", time.Hour)
		w.must(err)
		taken, takenCode, err := w.People.CreateInvite(w.Context(), "", "", 0)
		w.must(err)
		w.must(w.People.RevokeInvite(w.Context(), taken.ID))
		w.Want("revoked twice", w.People.RevokeInvite(w.Context(), taken.ID), fault.NotFound)
		w.Want("no such code", w.People.RevokeInvite(w.Context(), "x"), fault.NotFound)
		w.Pass(time.Hour)
		w.Want("expired", try("bob@example.com", lateCode.Reveal(), "192.0.2.6"), fault.Forbidden)
		w.Want("revoked", try("bob@example.com", takenCode.Reveal(), "192.0.2.7"), fault.Forbidden)
		list, err := w.People.Invites(w.Context())
		if err != nil || len(list) != 3 || w.events(authserver.EventInviteCreated, "") != 3 || w.events(authserver.EventInviteRevoked, "") != 1 {
			w.Errorf("%d codes, %v; %s", len(list), err, late.ID)
		}
		_, _, err = w.People.CreateInvite(w.Context(), "x", "", 0)
		w.Want("no address", err, fault.Invalid)
		_, _, err = w.People.CreateInvite(w.Context(), "", "", -time.Hour)
		w.Want("a negative life", err, fault.Invalid)
		for range 3 {
			w.Want("guessed", try("bob@example.com", "x", "192.0.2.9"), fault.Forbidden)
		}
		_, good, err := w.People.CreateInvite(w.Context(), "", "", 0)
		w.must(err)
		w.Want("after too many guesses", try("bob@example.com", good.Reveal(), "192.0.2.9"), fault.RateLimited)
		w.must(try("bob@example.com", good.Reveal(), "192.0.2.10"))
	})
}

func TestClosedSignUp(t *testing.T) {
	eachEngine(t, settings(func(s *account.Settings) { s.Signup = account.SignupClosed }), func(w *world) {
		_, code, err := w.People.CreateInvite(w.Context(), "", "", 0)
		w.must(err)
		in := form("ada@example.com")
		in.InviteCode = code.Reveal()
		_, err = w.People.SignUp(w.Context(), in, home, none)
		w.Want("with a code", err, fault.Forbidden)
		if w.People.SignupMode() != account.SignupClosed || w.Count(`SELECT count(*) FROM users`) != 0 {
			w.Error("somebody came in")
		}
	})
}

func TestSignUpsAreLimitedByAddress(t *testing.T) {
	limited := settings(func(s *account.Settings) { s.Throttles.Signup = []account.Limit{{Max: 2, Window: time.Hour}} })
	eachEngine(t, limited, func(w *world) {
		subscriber := []string{"2001:db8:1:1::1", "2001:db8:1:1::2", "2001:db8:1:1::3"} // of one network
		for i, address := range subscriber {
			_, err := w.People.SignUp(w.Context(), form(fmt.Sprintf("p%d@example.com", i)), account.Visitor{Address: address}, none)
			if i < 2 && err != nil || i == 2 && !fault.Is(err, fault.RateLimited) {
				w.Errorf("%d: %v", i, err)
			}
		}
		w.must(w.People.AdmitSignup(w.Context(), account.Visitor{Address: "2001:db8:2:1::1"}))
		w.Pass(time.Hour + time.Minute)
		w.join("later@example.com", "")
	})
}

func TestSignUpHereAndOnADevice(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		cookie, err := w.People.SignUpHere(w.Context(), form("ada@example.com"), home)
		w.must(err)
		if in := w.current(cookie); in.User.Email != "ada@example.com" || !w.People.Confirmed(in) {
			w.Errorf("%+v", in)
		}
		_, _, err = w.People.SignUpOnDevice(w.Context(), form("bob@example.com"), authserver.Device{DeviceID: "x"}, home)
		w.Want("a device that is not described", err, fault.Malformed)
		if _, err := w.Store.FindUserByEmail(w.Context(), "bob@example.com"); !fault.Is(err, fault.NotFound) {
			w.Errorf("the user exists without the device: %v", err)
		}
		u, tokens, err := w.People.SignUpOnDevice(w.Context(), form("bob@example.com"), phone(), home)
		w.must(err)
		devices, err := w.People.Devices(w.Context(), u.ID)
		if err != nil || len(devices) != 1 || devices[0].Name != "Phone" || !w.opens(tokens.AccessToken) {
			w.Errorf("%+v, %v", devices, err)
		}
	})
}

// A provider has proved the address of whoever it vouches for.
func TestSignUpVouched(t *testing.T) {
	eachEngine(t, settings(silent), func(w *world) {
		ada := w.ada()
		u, err := w.People.SignUpVouched(w.Context(), account.Signup{Email: "bob@example.com"}, nil)
		if err != nil || !u.EmailConfirmed() || u.PasswordHash != "" || u.FamilyID == ada.FamilyID {
			w.Errorf("%+v, %v", u, err)
		}
		_, err = w.People.SignUpVouched(w.Context(), account.Signup{Email: "x"}, nil)
		w.wantRules("no address", err, "email.invalid")
		code := w.invite(ada, "eve@example.com", authserver.RoleMember)
		i, err := w.People.Invitation(w.Context(), code)
		w.must(err)
		wins := storetest.Race(4, func(n int) bool {
			_, err := w.People.SignUpVouched(w.Context(), account.Signup{Email: "eve@example.com"}, i)
			return err == nil
		})
		eve, err := w.Store.FindUserByEmail(w.Context(), "eve@example.com")
		if wins != 1 || err != nil || eve.FamilyID != ada.FamilyID || eve.Role != authserver.RoleMember {
			w.Errorf("%d wins, %+v, %v", wins, eve, err)
		}
	})
}
