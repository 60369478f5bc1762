package account_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
)

func TestInvitations(t *testing.T) {
	eachEngine(t, settings(silent), func(w *world) {
		ada := w.ada()
		invite := func(by *authserver.User, email, as string) error {
			_, err := w.People.Invite(w.Context(), by, email, as, "en")
			return err
		}
		w.wantRules("nothing is right", invite(ada, "x", "king"), "email.invalid", "role.invalid")
		first := w.invite(ada, "Bob@example.com", authserver.RoleGuest)
		second := w.invite(ada, "bob@example.com", authserver.RoleMember)
		_, err := w.People.Invitation(w.Context(), first)
		w.Want("an earlier one to the same address", err, fault.NotFound)
		i, err := w.People.Invitation(w.Context(), second)
		if err != nil || i.FamilyID != ada.FamilyID || i.FamilyName != ada.FamilyName || i.Role != authserver.RoleMember || !i.ExpiresAt.Equal(w.Now().Add(72*time.Hour)) {
			w.Errorf("%+v, %v", i, err)
		}
		in := form("eve@example.com")
		in.InviteCode = second
		_, err = w.People.SignUp(w.Context(), in, home, none)
		w.Want("with another address", err, fault.Forbidden)
		bob := w.join("bob@example.com", second)
		if bob.FamilyID != ada.FamilyID || bob.Role != authserver.RoleMember || bob.EmailConfirmed() {
			w.Errorf("%+v", bob)
		}
		w.wantEvent(authserver.EventMemberJoined, bob)
		if n := w.events(authserver.EventMemberInvited, ada.ID); n != 2 {
			w.Errorf("%d events", n)
		}
		w.Want("by a member", invite(bob, "eve@example.com", authserver.RoleGuest), fault.Forbidden)
		w.Want("renaming by a member", w.People.RenameFamily(w.Context(), bob, "", "Mine"), fault.Forbidden)

		third := w.invite(ada, "eve@example.com", authserver.RoleAdmin)
		i, err = w.People.Invitation(w.Context(), third)
		w.must(err)
		seen, err := w.People.Household(w.Context(), ada)
		if err != nil || len(seen.Members) != 2 || len(seen.Invitations) != 1 {
			w.Errorf("%+v, %v", seen, err)
		}
		if seen, err = w.People.Household(w.Context(), bob); err != nil || len(seen.Members) != 2 || len(seen.Invitations) != 0 {
			w.Errorf("a member sees %+v, %v", seen, err)
		}
		stranger := w.join("zoe@example.com", "")
		w.Want("taken back by a member", w.People.RevokeInvitation(w.Context(), bob, i.ID), fault.Forbidden)
		w.Want("taken back by another family", w.People.RevokeInvitation(w.Context(), stranger, i.ID), fault.NotFound)
		w.Want("no id", w.People.RevokeInvitation(w.Context(), ada, "x"), fault.NotFound)
		w.must(w.People.RevokeInvitation(w.Context(), ada, i.ID))
		in.InviteCode = third
		_, err = w.People.SignUp(w.Context(), in, home, none)
		w.Want("taken back", err, fault.Forbidden)
		in.InviteCode = w.invite(ada, "eve@example.com", authserver.RoleAdmin)
		w.Pass(72 * time.Hour)
		_, err = w.People.SignUp(w.Context(), in, home, none)
		w.Want("expired", err, fault.Forbidden)
		w.Want("no name", w.People.RenameFamily(w.Context(), ada, "", " "), fault.Invalid)
		w.must(w.People.RenameFamily(w.Context(), ada, "", " Lovelace "))
		if name := w.user(bob.ID).FamilyName; name != "Lovelace" {
			w.Errorf("%q", name)
		}
	})
}

// An invitation has a code in the email, which proves the address, and one to hand over,
// which does not; either is the one way in.
func TestInvitationsByEmail(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		code, err := w.People.Invite(w.Context(), ada, "bob@example.com", authserver.RoleMember, "de")
		if err != nil || code.IsZero() {
			w.Fatalf("%v", err)
		}
		m := w.email(authserver.EmailMessageInvited)
		if m == nil || m.To != "bob@example.com" || m.Language != "de" || m.By != "" || !m.Until.Equal(w.Now().Add(72*time.Hour)) {
			w.Fatalf("%+v", m)
		}
		in := form("bob@example.com")
		in.InviteCode = tokenOf(w.T, m.Path)
		wins := storetest.Race(6, func(int) bool {
			_, err := w.People.SignUp(w.Context(), in, home, none)
			if err != nil && !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.Invalid) {
				w.Error(err)
			}
			return err == nil
		})
		bob, err := w.Store.FindUserByEmail(w.Context(), "bob@example.com")
		if err != nil || wins != 1 || bob.FamilyID != ada.FamilyID || !bob.EmailConfirmed() {
			w.Errorf("%d sign-ups, %+v, %v", wins, bob, err)
		}
		in.InviteCode = code.Reveal()
		_, err = w.People.SignUp(w.Context(), in, home, none)
		w.Want("the code to hand over, once the email was used", err, fault.Forbidden)
		if m := w.email(authserver.EmailMessageJoined); m == nil || m.To != ada.Email || m.By != bob.Email {
			w.Errorf("%+v", m)
		}
		if code, err = w.People.Invite(w.Context(), ada, "eve@example.com", authserver.RoleGuest, "de"); err != nil {
			w.Fatal(err)
		}
		mailed := w.token(authserver.EmailMessageInvited)
		if eve := w.join("eve@example.com", code.Reveal()); eve.FamilyID != ada.FamilyID || eve.Role != authserver.RoleGuest || eve.EmailConfirmed() {
			w.Errorf("%+v", eve)
		}
		_, err = w.People.Invitation(w.Context(), mailed)
		w.Want("the code of the email, once the other was used", err, fault.NotFound)
		w.mail()
		for range 8 {
			_, err = w.People.Invite(w.Context(), ada, "x@example.com", authserver.RoleMember, "de")
			w.must(err)
		}
		_, err = w.People.Invite(w.Context(), ada, "x@example.com", authserver.RoleMember, "de")
		w.Want("an eleventh email", err, fault.RateLimited)
		if sent := w.mail(); len(sent) != 1 {
			w.Errorf("%d emails about one invitation that is open", len(sent))
		}
	})
}

func TestRoles(t *testing.T) {
	eachEngine(t, settings(silent), func(w *world) {
		ada := w.ada()
		bob := w.member(ada, "bob@example.com", authserver.RoleMember)
		stranger := w.join("zoe@example.com", "")
		set := func(by *authserver.User, id, as string) error { return w.People.SetRole(w.Context(), by, id, "", as) }
		w.wantRules("no role", set(ada, bob.ID, "king"), "role.invalid")
		w.Want("oneself", set(ada, ada.ID, authserver.RoleMember), fault.Conflict)
		w.Want("by a member", set(bob, ada.ID, authserver.RoleMember), fault.Forbidden)
		w.Want("of another family", set(stranger, bob.ID, authserver.RoleAdmin), fault.NotFound)
		w.Want("of nobody", set(ada, uuid.NewString(), authserver.RoleAdmin), fault.NotFound)
		w.must(set(ada, bob.ID, authserver.RoleAdmin))
		bob = w.user(bob.ID)
		code := w.invite(bob, "eve@example.com", authserver.RoleMember)
		in := w.at(bob, password)
		w.must(set(ada, bob.ID, authserver.RoleGuest))
		_, err := w.People.Invitation(w.Context(), code)
		w.Want("an invitation by who may not invite any more", err, fault.NotFound)
		if !w.lives(in) || w.user(bob.ID).Role != authserver.RoleGuest || w.events(authserver.EventRoleChanged, bob.ID) != 2 {
			w.Error("demoted")
		}
		// bob's page still shows what only admins see.
		w.Want("with a role of before", set(bob, ada.ID, authserver.RoleGuest), fault.Forbidden)
	})
}

func TestRemovingAMember(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		bob := w.member(ada, "bob@example.com", authserver.RoleAdmin)
		in, key, app := w.at(bob, password), w.key(bob), w.device(bob)
		allowed, err := w.redeem(w.code(in))
		w.must(err)
		invited := w.invite(bob, "eve@example.com", authserver.RoleMember)
		reset := w.askReset(bob.Email)
		w.mail()
		w.Want("oneself", w.People.RemoveMember(w.Context(), ada, ada.ID), fault.Conflict)
		w.must(w.People.RemoveMember(w.Context(), ada, bob.ID))
		w.Want("twice", w.People.RemoveMember(w.Context(), ada, bob.ID), fault.NotFound)
		now := w.user(bob.ID)
		if now.FamilyID == ada.FamilyID || now.Role != authserver.RoleAdmin || !now.Active() {
			w.Errorf("%+v", now)
		}
		if w.lives(in) || w.keyOpens(key) || w.opens(app.AccessToken) || w.opens(allowed.AccessToken) || w.Count(`SELECT count(*) FROM consents`) != 0 {
			w.Error("something of the family is open still")
		}
		_, err = w.People.Invitation(w.Context(), invited)
		w.Want("an invitation", err, fault.NotFound)
		_, err = w.Recovery.CheckResetLink(w.Context(), reset)
		w.wantGone("a link", err)
		n := w.Count(`SELECT count(*) FROM events WHERE kind = $1 AND user_id = $2 AND actor_id = $3 AND family_id = $4`,
			authserver.EventMemberRemoved, bob.ID, ada.ID, ada.FamilyID)
		if n != 1 {
			w.Errorf("%d events", n)
		}
		if m := w.email(authserver.EmailMessageRemoved); m == nil || m.To != bob.Email {
			w.Errorf("%+v", m)
		}
		w.at(now, password)
	})
}

// However admins remove each other, one of them is left.
func TestAdminsRemoveEachOther(t *testing.T) {
	eachEngine(t, settings(silent), func(w *world) {
		ada := w.ada()
		bob := w.member(ada, "bob@example.com", authserver.RoleAdmin)
		w.member(ada, "eve@example.com", authserver.RoleMember)
		wins := storetest.Race(2, func(i int) bool {
			by, whom := ada, bob
			if i == 1 {
				by, whom = bob, ada
			}
			err := w.People.RemoveMember(w.Context(), by, whom.ID)
			if err != nil && !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.NotFound) {
				w.Error(err)
			}
			return err == nil
		})
		if n := w.Count(`SELECT count(*) FROM users WHERE family_id = $1 AND role = 'admin'`, ada.FamilyID); wins != 1 || n != 1 {
			w.Errorf("%d removals, %d admins", wins, n)
		}
	})
}

// A family that has no member left takes nobody in: its data may be gone already.
func TestNobodyJoinsAFamilyThatIsGone(t *testing.T) {
	eachEngine(t, settings(silent, func(s *account.Settings) { s.InvitationLife = time.Hour }), func(w *world) {
		ada := w.ada()
		in := form("bob@example.com")
		in.InviteCode = w.invite(ada, in.Email, authserver.RoleMember)
		w.Exec(`UPDATE invitations SET invited_by = $1`, uuid.NewString()) // of an admin who was removed
		won := storetest.Race(2, func(i int) bool {
			var err error
			if i == 0 {
				err = w.People.Delete(w.Context(), ada.ID)
			} else {
				_, err = w.People.SignUp(w.Context(), in, home, none)
			}
			if err != nil && !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.Invalid) {
				w.Error(err)
			}
			return err == nil
		})
		orders := w.Count(`SELECT count(*) FROM outbox WHERE kind = $1 AND subject = $2`, authserver.OutboxEraseFamily, ada.FamilyID)
		members := w.Count(`SELECT count(*) FROM users WHERE deactivated_at IS NULL`)
		if won != 1 || orders == 1 != (members == 0) { // who joined first keeps the last admin
			w.Errorf("%d won: %d members, %d orders to erase", won, members, orders)
		}
		if orders == 0 {
			return
		}
		_, err := w.People.SignUp(w.Context(), in, home, none)
		w.Want("afterwards", err, fault.Forbidden)
	})
}
