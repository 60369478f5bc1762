package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/scope"
	"latchkey/pkg/testenv"
)

// docs/contract.md, "Stricter here": sign out, list and revoke devices.
func TestDevices(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		one := s.member(t, "ada@example.com").text("access_token")
		two := s.login(t, "ada@example.com", "d2").text("access_token")
		other := s.member(t, "bob@example.com").text("access_token")
		a := s.as(t, two, http.MethodGet, "/api/v1/devices")
		list, _ := a.Body["devices"].([]any)
		if len(list) != 2 {
			t.Fatalf("%d %s", a.Status, a.Raw)
		}
		ids := map[string]string{}
		for _, d := range list {
			d := d.(object)
			ids[d["device_id"].(string)] = d["id"].(string)
			if d["current"] != (d["device_id"] == "d2") || d["device_name"] != "Phone" || d["last_seen_at"] == nil {
				t.Errorf("%v", d)
			}
		}
		for name, path := range map[string]string{"unknown": uuid.NewString(), "no id": "1", "brace": "%7Bx%7D"} {
			if a := s.as(t, two, http.MethodDelete, "/api/v1/devices/"+path); a.Status != 404 {
				t.Errorf("%s: %d %s", name, a.Status, a.Raw)
			}
		}
		if a := s.as(t, other, http.MethodDelete, "/api/v1/devices/"+ids["d1"]); a.Status != 404 || !s.live(t, one) {
			t.Errorf("somebody else's device: %d", a.Status)
		}
		if a := s.as(t, two, http.MethodDelete, "/api/v1/devices/"+ids["d1"]); a.Status != 204 || s.live(t, one) || !s.live(t, two) {
			t.Errorf("revoke: %d %s", a.Status, a.Raw)
		}
		if a := s.as(t, two, http.MethodDelete, "/api/v1/auth/logout"); a.Status != 204 || s.live(t, two) {
			t.Errorf("logout: %d %s", a.Status, a.Raw)
		}
		if a := s.as(t, two, http.MethodDelete, "/api/v1/auth/logout"); a.Status != 401 || a.text("error") != "unauthorized" {
			t.Errorf("logout twice: %d %s", a.Status, a.Raw)
		}
	})
}

// What an application was allowed does not reach where the person is signed in.
func TestForeignTokensDoNotManageDevices(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	s.member(t, "ada@example.com")
	issue := s.thirdParty(t, "ada@example.com")
	const forbidden = `{"error":"forbidden","message":"You are not authorized to perform this action"}`
	if a := s.as(t, issue(scope.ReadWrite), http.MethodGet, "/api/v1/devices"); a.Status != 403 || a.Raw != forbidden {
		t.Errorf("devices: %d %s", a.Status, a.Raw)
	}
	if a := s.as(t, issue(scope.ReadWrite), http.MethodDelete, "/api/v1/auth/logout"); a.Status != 403 || a.Raw != forbidden {
		t.Errorf("logout: %d %s", a.Status, a.Raw)
	}
	a := s.as(t, issue(scope.Read), http.MethodDelete, "/api/v1/users/me")
	if a.Status != 403 || a.text("error") != "insufficient_scope" || !strings.Contains(a.Header.Get("WWW-Authenticate"), `scope="read_write"`) {
		t.Errorf("delete with read: %d %s %s", a.Status, a.Raw, a.Header.Get("WWW-Authenticate"))
	}
}

// thirdParty registers an application and returns how the person's tokens for it
// are made.
func (s *site) thirdParty(t *testing.T, email string) func(scopes scope.Set) string {
	t.Helper()
	u, err := s.Store.FindUserByEmail(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Store.CreateClient(t.Context(), &authserver.Client{
		ID: "app", Name: "App", AuthMethod: authserver.AuthNone, Scopes: scope.All, CreatedAt: s.clock.now(),
	}); err != nil {
		t.Fatal(err)
	}
	return func(scopes scope.Set) string {
		tokens, err := s.Grants.Open(t.Context(), grant.Opening{ClientID: "app", UserID: u.ID, Scopes: scopes, Origin: authserver.OriginCode})
		if err != nil {
			t.Fatal(err)
		}
		return tokens.AccessToken.Reveal()
	}
}

// docs/contract.md, "Reset and deletion" and "Stricter here".
func TestDeleteUser(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		admin := s.member(t, "ada@example.com").text("access_token")
		u, err := s.Store.FindUserByEmail(t.Context(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		code, err := s.People.Invite(t.Context(), u, "Bob@example.com", authserver.RoleMember, "")
		if err != nil {
			t.Fatal(err)
		}
		body := signup("bob@example.com")
		body["invite_code"] = code.Reveal()
		joined := s.post(t, "/api/v1/auth/signup", body)
		bob, err := s.Store.FindUserByEmail(t.Context(), "bob@example.com")
		if err != nil || joined.Status != 201 || bob.FamilyID != u.FamilyID || bob.Role != authserver.RoleMember {
			t.Fatalf("joining: %d %s %+v %v", joined.Status, joined.Raw, bob, err)
		}
		a := s.as(t, admin, http.MethodDelete, "/api/v1/users/me")
		if details, _ := a.Body["details"].([]any); a.Status != 422 || a.text("error") != "Failed to delete account" || len(details) != 1 {
			t.Errorf("the last admin: %d %s", a.Status, a.Raw)
		}
		if !s.live(t, admin) {
			t.Error("a refused deletion ended something")
		}
		if a := s.as(t, joined.text("access_token"), http.MethodDelete, "/api/v1/users/me"); a.Status != 200 || a.Raw != `{"message":"Account has been deleted"}` {
			t.Errorf("a member: %d %s", a.Status, a.Raw)
		}
		a = s.as(t, joined.text("access_token"), http.MethodGet, "/api/v1/devices")
		if a.Status != 401 || a.text("message") != "Account has been deactivated" {
			t.Errorf("a deleted member's token: %d %s", a.Status, a.Raw)
		}
		if a := s.post(t, "/api/v1/auth/refresh", object{"refresh_token": joined.text("refresh_token")}); a.Status != 401 {
			t.Errorf("a deleted member's refresh token: %d", a.Status)
		}
		if a := s.login(t, "bob@example.com", "d1"); a.Status != 401 || a.Raw != `{"error":"Invalid email or password"}` {
			t.Errorf("signing in to a deleted account: %d %s", a.Status, a.Raw)
		}
		if w, err := s.Store.CountOutbox(t.Context(), authserver.OutboxEraseFamily); err != nil || w.Rows != 0 {
			t.Error("the family still has a member and must not be erased")
		}
		if a := s.as(t, admin, http.MethodDelete, "/api/v1/users/me"); a.Status != 200 {
			t.Errorf("the last member: %d %s", a.Status, a.Raw)
		}
		s.deliver(t, u.FamilyID)
		if a := s.post(t, "/api/v1/auth/signup", signup("ada@example.com")); a.Status != 201 {
			t.Errorf("the address is not free: %d %s", a.Status, a.Raw)
		}
	})
}

// messenger fails as often as told, and notes what it delivered.
type messenger struct {
	fail int
	got  chan string
}

func (m *messenger) EraseFamily(_ context.Context, id string) error {
	if m.fail--; m.fail >= 0 {
		return errors.New("away")
	}
	m.got <- id
	return nil
}

// deliver runs the outbox until the family's erasure is delivered. The process
// died after the deletion, so to speak: whoever finds the row goes on.
func (s *site) deliver(t *testing.T, familyID string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m := &messenger{fail: 1, got: make(chan string, 1)}
	done := make(chan struct{})
	go func() { s.People.RunOutbox(ctx, m); close(done) }()
	select {
	case id := <-m.got:
		if id != familyID {
			t.Errorf("erased %s, want %s", id, familyID)
		}
	case <-ctx.Done():
		t.Error("the outbox message was not delivered")
	}
	cancel()
	<-done
	if w, err := s.Store.CountOutbox(t.Context(), authserver.OutboxEraseFamily); w.Rows != 0 || err != nil {
		t.Errorf("%d outbox messages left, %v", w.Rows, err)
	}
}

func TestDeactivateAndBack(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		token := s.member(t, "ada@example.com").text("access_token")
		u, err := s.Store.FindUserByEmail(t.Context(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.People.Deactivate(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		if a := s.as(t, token, http.MethodGet, "/api/v1/devices"); a.Status != 401 || a.text("message") != "Account has been deactivated" {
			t.Errorf("%d %s", a.Status, a.Raw)
		}
		if err := s.People.Reactivate(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		if s.live(t, token) {
			t.Error("an ended grant came back to life")
		}
		if a := s.login(t, "ada@example.com", "d1"); a.Status != 200 {
			t.Errorf("after reactivation: %d %s", a.Status, a.Raw)
		}
		if err := s.People.Deactivate(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		s.member(t, "ada@example.com")
		if err := s.People.Reactivate(t.Context(), u.ID); err == nil {
			t.Error("two users have one address")
		}
	})
}

func TestFamilyAdministration(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		s.member(t, "ada@example.com")
		ada, _ := s.Store.FindUserByEmail(t.Context(), "ada@example.com")
		code, err := s.People.Invite(t.Context(), ada, "bob@example.com", authserver.RoleGuest, "")
		if err != nil {
			t.Fatal(err)
		}
		join := func(email string) *answer {
			body := signup(email)
			body["invite_code"] = code.Reveal()
			return s.post(t, "/api/v1/auth/signup", body)
		}
		if a := join("eve@example.com"); a.Status != 403 {
			t.Errorf("another address: %d", a.Status)
		}
		token := join("bob@example.com").text("access_token")
		bob, err := s.Store.FindUserByEmail(t.Context(), "bob@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.People.Invite(t.Context(), bob, "c@example.com", authserver.RoleAdmin, ""); err == nil {
			t.Error("a guest invited somebody")
		}
		if err := s.People.RemoveMember(t.Context(), bob, ada.ID); err == nil {
			t.Error("a guest removed the admin")
		}
		if err := s.People.SetRole(t.Context(), bob, bob.ID, "", authserver.RoleAdmin); err == nil {
			t.Error("a guest became admin")
		}
		if err := s.People.RemoveMember(t.Context(), ada, ada.ID); err == nil {
			t.Error("the admin removed herself")
		}
		if err := s.People.RemoveMember(t.Context(), ada, bob.ID); err != nil {
			t.Fatal(err)
		}
		if s.live(t, token) {
			t.Error("a removed member's token is live")
		}
		bob, _ = s.Store.FindUserByEmail(t.Context(), "bob@example.com")
		if bob.FamilyID == ada.FamilyID || bob.Role != authserver.RoleAdmin {
			t.Errorf("after removal: %+v", bob)
		}
		if a := s.login(t, "bob@example.com", "d1"); a.Status != 200 {
			t.Errorf("a removed member signs in to an own family: %d", a.Status)
		}
		code, _ = s.People.Invite(t.Context(), ada, "dan@example.com", authserver.RoleMember, "")
		s.clock.advance(73 * time.Hour)
		if a := join("dan@example.com"); a.Status != 403 {
			t.Errorf("an invitation after three days: %d", a.Status)
		}
	})
}
