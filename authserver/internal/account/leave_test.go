package account_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/testenv"
)

func graceful(s *account.Settings) { s.ErasureGrace = 14 * 24 * time.Hour }

// everything is what a user has that ends when they leave.
func (w *world) everything(u *authserver.User) (open func() []string) {
	w.Helper()
	in, key, app := w.at(u, password), w.key(u), w.device(u)
	allowed, err := w.redeem(w.code(in))
	w.must(err)
	w.AddClient("own-"+u.ID, func(c *authserver.Client) { c.OwnerID = u.ID })
	return func() (left []string) {
		w.Helper()
		for what, is := range map[string]bool{
			"sign-in": w.lives(in), "key": w.keyOpens(key), "app": w.opens(app.AccessToken), "application": w.opens(allowed.AccessToken),
			"consent": w.Count(`SELECT count(*) FROM consents WHERE user_id = $1`, u.ID) > 0,
			"client":  w.Count(`SELECT count(*) FROM clients WHERE owner_id = $1 AND disabled_at IS NULL`, u.ID) > 0,
		} {
			if is {
				left = append(left, what)
			}
		}
		return left
	}
}

func (w *world) orders(familyID string) int {
	w.Helper()
	return w.Count(`SELECT count(*) FROM outbox WHERE kind = $1 AND subject = $2 AND done_at IS NULL`, authserver.OutboxEraseFamily, familyID)
}

func TestDeactivation(t *testing.T) {
	eachEngine(t, settings(silent), func(w *world) {
		ada := w.ada()
		bob := w.member(ada, "bob@example.com", authserver.RoleMember)
		open := w.everything(bob)
		w.must(w.People.Deactivate(w.Context(), bob.ID))
		w.Want("twice", w.People.Deactivate(w.Context(), bob.ID), fault.Conflict)
		if left := open(); len(left) != 0 || w.user(bob.ID).Active() || w.orders(ada.FamilyID) != 0 {
			w.Errorf("open still: %v", left)
		}
		w.wantEvent(authserver.EventUserDeactivated, bob)
		w.must(w.People.Reactivate(w.Context(), bob.ID))
		w.Want("reactivated twice", w.People.Reactivate(w.Context(), bob.ID), fault.NotFound)
		if left := open(); !slices.Equal(left, []string{"client"}) {
			w.Errorf("what ended came back: %v", left)
		}
		w.wantEvent(authserver.EventUserReactivated, bob)
		w.at(w.user(bob.ID), password)

		w.must(w.People.Deactivate(w.Context(), bob.ID))
		w.join("bob@example.com", "") // the address is free
		w.Want("the address has another owner", w.People.Reactivate(w.Context(), bob.ID), fault.Conflict)
		w.Want("nobody", w.People.Deactivate(w.Context(), uuid.NewString()), fault.NotFound)
		if users, err := w.Store.ListUsers(w.Context()); err != nil || len(users) != 3 {
			w.Errorf("%d users, %v", len(users), err)
		}
	})
}

func TestDeletion(t *testing.T) {
	eachEngine(t, settings(silent), func(w *world) {
		ada := w.ada()
		bob := w.member(ada, "bob@example.com", authserver.RoleMember)
		open := w.everything(bob)
		w.factor(w.at(bob, password))
		w.passkey(bob, "Phone")
		w.must(w.People.Delete(w.Context(), bob.ID))
		gone := w.user(bob.ID)
		if left := open(); len(left) != 0 || gone.Email == bob.Email || gone.PasswordHash != "" || gone.SecondFactor || gone.Active() {
			w.Errorf("open still: %v, %+v", left, gone)
		}
		for _, table := range []string{"signins", "consents", "second_factors", "recovery_codes", "devices", "links", "passkeys", "known_browsers"} {
			if n := w.Count(`SELECT count(*) FROM `+table+` WHERE user_id = $1`, bob.ID); n != 0 {
				w.Errorf("%d rows in %s", n, table)
			}
		}
		if n := w.Count(`SELECT count(*) FROM clients WHERE owner_id = $1`, bob.ID); n != 0 || w.orders(ada.FamilyID) != 0 {
			w.Errorf("%d clients; the family has a member left", n)
		}
		w.wantEvent(authserver.EventUserDeleted, bob)
		w.Want("taken back", w.People.Reactivate(w.Context(), bob.ID), fault.NotFound)
		again := w.join("bob@example.com", "")
		if again.FamilyID == ada.FamilyID {
			w.Error("who comes again is in the old family")
		}
		w.must(w.People.Delete(w.Context(), ada.ID))
		if w.orders(ada.FamilyID) != 1 {
			w.Error("nobody erases the data of an empty family")
		}
	})
}

func TestTheLastAdminStays(t *testing.T) {
	eachEngine(t, settings(silent, graceful), func(w *world) {
		ada := w.ada()
		bob := w.member(ada, "bob@example.com", authserver.RoleAdmin)
		w.member(ada, "eve@example.com", authserver.RoleMember)
		leave := func(id string) error { return w.People.Delete(w.Context(), id) }
		if n := storetest.Race(2, func(i int) bool { return leave([]string{ada.ID, bob.ID}[i]) == nil }); n != 1 {
			w.Errorf("%d admins left at once", n)
		}
		last := w.user(ada.ID)
		if !last.Active() {
			last = w.user(bob.ID)
		}
		w.Want("deletion", leave(last.ID), fault.Invalid)
		w.Want("deactivation", w.People.Deactivate(w.Context(), last.ID), fault.Invalid)
		_, err := w.People.Close(w.Context(), last.ID)
		w.Want("by the person", err, fault.Invalid)
		if !w.user(last.ID).Active() {
			w.Error("the last admin is gone")
		}
	})
}

func TestAClosedAccount(t *testing.T) {
	eachEngine(t, settings(graceful), func(w *world) {
		ada := w.ada()
		open := w.everything(ada)
		in := w.at(ada, password)
		w.wantRules("a wrong password", w.closes(in, another), "password.wrong")
		w.mail()
		w.must(w.closes(in, password))
		u := w.user(ada.ID)
		if left := open(); len(left) != 0 || !u.Closed() || u.Email != ada.Email || !u.EraseAt.Equal(w.Now().Add(w.settings.ErasureGrace)) || w.orders(u.FamilyID) != 0 {
			w.Errorf("open still: %v, %+v", left, u)
		}
		w.wantEvent(authserver.EventUserClosed, ada)
		_, err := w.People.Close(w.Context(), ada.ID)
		w.Want("twice", err, fault.NotFound)
		_, _, err = w.People.SignInOnDevice(w.Context(), ada.Email, password, "", phone(), home)
		w.Want("on a device", err, fault.Unauthenticated)
		mailed := w.token(authserver.EmailMessageClosed)
		got, err := w.People.SignIn(w.Context(), ada.Email, password, home, nobody)
		if err != nil || !got.Cookie.IsZero() || got.Restore.IsZero() {
			w.Fatalf("at a browser: %+v, %v", got, err)
		}
		w.wantGone("no token", w.People.Restore(w.Context(), "x"))
		wins := storetest.Race(6, func(i int) bool {
			err := w.People.Restore(w.Context(), []string{mailed, got.Restore.Reveal()}[i%2])
			if err != nil && !errors.Is(err, account.ErrLinkGone) {
				w.Error(err)
			}
			return err == nil
		})
		if left := open(); wins != 1 || !slices.Equal(left, []string{"client"}) || !w.user(ada.ID).Active() {
			w.Errorf("%d times restored, %v", wins, left)
		}
		w.wantEvent(authserver.EventUserRestored, ada)
		w.at(ada, password)
	})
}

// The address of a closed account is kept; with the second factor its person is asked
// for it first.
func TestSigningInToAClosedAccount(t *testing.T) {
	eachEngine(t, settings(silent, graceful), func(w *world) {
		ada := w.ada()
		_, recovery := w.factor(w.at(ada, password))
		_, err := w.People.Close(w.Context(), ada.ID)
		w.must(err)
		_, err = w.People.SignUp(w.Context(), form(ada.Email), home, none)
		w.wantRules("its address", err, "email.taken")
		got, err := w.People.SignIn(w.Context(), ada.Email, password, home, nobody)
		if err != nil || got.Pending.IsZero() || !got.Restore.IsZero() {
			w.Fatalf("%+v, %v", got, err)
		}
		got, err = w.People.FinishSignIn(w.Context(), got.Pending, recovery[0], home, nobody)
		if err != nil || got.Restore.IsZero() {
			w.Fatalf("%+v, %v", got, err)
		}
		w.Pass(15 * time.Minute)
		w.wantGone("nobody pressed the button", w.People.Restore(w.Context(), got.Restore.Reveal()))
	})
}

func TestErasure(t *testing.T) {
	eachEngine(t, settings(silent, graceful), func(w *world) {
		ada := w.ada()
		bob := w.member(ada, "bob@example.com", authserver.RoleMember)
		for _, u := range []*authserver.User{bob, ada} {
			_, err := w.People.Close(w.Context(), u.ID)
			w.must(err)
			w.Pass(time.Hour)
		}
		erase := func(until func() bool) {
			w.Helper()
			ctx, stop := context.WithCancel(w.Context())
			var replicas sync.WaitGroup
			for range 2 {
				replicas.Go(func() { w.People.RunErasures(ctx) })
			}
			testenv.Eventually(w.T, 30*time.Second, "the erasure", until)
			stop()
			replicas.Wait()
		}
		w.At(w.settings.ErasureGrace)
		erase(func() bool { return !w.user(bob.ID).Closed() })
		if gone := w.user(bob.ID); gone.Email == bob.Email || w.orders(ada.FamilyID) != 0 || !w.user(ada.ID).Closed() {
			w.Errorf("the first of two: %+v", gone)
		}
		w.Pass(time.Hour)
		erase(func() bool { return !w.user(ada.ID).Closed() })
		if n := w.orders(ada.FamilyID); n != 1 || w.events(authserver.EventUserDeleted, "") != 2 {
			w.Errorf("%d orders to erase the data", n)
		}
	})
}

// When its time has come nobody restores an account, erased or not.
func TestItIsTooLateToRestore(t *testing.T) {
	eachEngine(t, settings(silent, graceful), func(w *world) {
		ada := w.ada()
		w.Pass(time.Second)
		_, err := w.People.Close(w.Context(), ada.ID)
		w.must(err)
		w.Pass(w.settings.ErasureGrace - time.Second)
		got, err := w.People.SignIn(w.Context(), ada.Email, password, home, nobody)
		w.must(err)
		w.Pass(time.Second)
		w.wantGone("when its time has come", w.People.Restore(w.Context(), got.Restore.Reveal()))
		if w.user(ada.ID).Active() {
			w.Error("the account is back")
		}
	})
}

// Without a grace period a deletion is final at once.
func TestClosingWithoutGrace(t *testing.T) {
	eachEngine(t, settings(silent), func(w *world) {
		ada := w.ada()
		_, err := w.People.Close(w.Context(), ada.ID)
		w.must(err)
		if u := w.user(ada.ID); u.Closed() || u.Active() || u.Email == ada.Email || w.orders(ada.FamilyID) != 1 {
			w.Errorf("%+v", u)
		}
	})
}
