package api_test

import (
	"net/http"
	"testing"
	"time"

	"latchkey/authserver/internal/account"
	"latchkey/pkg/testenv"
)

// docs/contract.md, "AI features".
func TestEnableAI(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		with := settings()
		with.AIAvailable = true
		for available, s := range map[bool]*site{false: newSite(t, set, settings()), true: newSite(t, set, with)} {
			token := s.member(t, "ada@example.com").text("access_token")
			a := s.as(t, token, http.MethodPatch, "/api/v1/auth/enable_ai")
			user, _ := a.Body["user"].(object)
			switch {
			case available && (a.Status != 200 || user["ai_enabled"] != true):
				t.Errorf("available: %d %s", a.Status, a.Raw)
			case !available && (a.Status != 403 || a.Raw != `{"error":"AI is not available for your account"}`):
				t.Errorf("not available: %d %s", a.Status, a.Raw)
			}
			if a := s.send(t, http.MethodPatch, "/api/v1/auth/enable_ai", "", nil); a.Status != 401 || a.text("error") != "unauthorized" {
				t.Errorf("no credential: %d %s", a.Status, a.Raw)
			}
		}
	})
}

func TestSignupModes(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		closed, invite := settings(), settings()
		closed.Signup, invite.Signup = account.SignupClosed, account.SignupInvite
		if a := newSite(t, set, closed).post(t, "/api/v1/auth/signup", signup("a@example.com")); a.Status != 403 || a.Raw != `{"error":"Sign-up is closed"}` {
			t.Errorf("closed: %d %s", a.Status, a.Raw)
		}
		s := newSite(t, set, invite)
		if a := s.post(t, "/api/v1/auth/signup", signup("a@example.com")); a.Status != 403 || a.Raw != `{"error":"Invite code is required"}` {
			t.Errorf("no code: %d %s", a.Status, a.Raw)
		}
		try := func(email, code string, change ...any) *answer {
			body := signup(email)
			body["invite_code"] = code
			for i := 0; i+1 < len(change); i += 2 {
				body["user"].(object)[change[i].(string)] = change[i+1]
			}
			return s.post(t, "/api/v1/auth/signup", body)
		}
		_, bound, err := s.People.CreateInvite(t.Context(), "b@example.com", "", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if a := try("a@example.com", bound.Reveal()); a.Status != 403 {
			t.Errorf("another's code: %d", a.Status)
		}
		if a := try("b@example.com", bound.Reveal(), "password", "weak"); a.Status != 422 {
			t.Errorf("weak password: %d", a.Status)
		}
		if a := try("B@example.com", " "+bound.Reveal()+" "); a.Status != 201 {
			t.Errorf("a failed sign-up burned the code: %d %s", a.Status, a.Raw)
		}
		if a := try("b@example.com", bound.Reveal()); a.Status != 403 || a.Raw != `{"error":"Invalid invite code"}` {
			t.Errorf("used code: %d %s", a.Status, a.Raw)
		}
		revoked, code, err := s.People.CreateInvite(t.Context(), "", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.People.RevokeInvite(t.Context(), revoked.ID); err != nil {
			t.Fatal(err)
		}
		if a := try("c@example.com", code.Reveal()); a.Status != 403 {
			t.Errorf("revoked code: %d", a.Status)
		}
		_, code, _ = s.People.CreateInvite(t.Context(), "", "", time.Hour)
		s.clock.advance(2 * time.Hour)
		if a := try("c@example.com", code.Reveal()); a.Status != 403 {
			t.Errorf("expired code: %d", a.Status)
		}
	})
}
