package sso_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/testenv/actor"
)

const (
	badExchange = `{"error":"invalid_or_expired_code","message":"Authorization code is invalid or expired"}`
	badLinking  = `{"error":"Linking code is invalid or expired"}`
)

// docs/contract.md, "Single sign-on": not linked, account created, then a code
// for tokens.
func TestAppCreatesAnAccountAndComesBack(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		s.IDP.Person("g-1", "Grace@Example.com", true)
		page, _ := s.app("")
		q := s.told(page)
		for name, want := range map[string]string{
			"status": "account_not_linked", "email": "grace@example.com", "first_name": "Grace", "last_name": "Hopper",
			"allow_account_creation": "true", "has_pending_invitation": "false",
		} {
			if q.Get(name) != want {
				t.Errorf("%s is %q, want %q", name, q.Get(name), want)
			}
		}
		a := s.post("sso_create_account", object{"linking_code": q.Get("linking_code"), "last_name": "Murray"})
		s.opens(a)
		user, _ := a.Body["user"].(object)
		if user["email"] != "grace@example.com" || user["first_name"] != "Grace" || user["last_name"] != "Murray" {
			t.Errorf("the user is %v", user)
		}
		s.want(s.post("sso_create_account", object{"linking_code": q.Get("linking_code")}), 401, badLinking)
		s.want(s.post("sso_link", object{"linking_code": q.Get("linking_code"), "email": "a@b.c", "password": "x"}), 401, badLinking)

		page, _ = s.app("")
		code := s.code(page)
		if n := s.count(`SELECT count(*) FROM grants WHERE ended_at IS NULL`); n != 1 {
			t.Errorf("%d live grants before the exchange, want the one of the sign-up", n)
		}
		s.opens(s.post("sso_exchange", object{"code": code}))
		s.want(s.post("sso_exchange", object{"code": code}), 401, badExchange)
		if n := s.count(`SELECT count(*) FROM grants WHERE ended_at IS NULL AND origin = 'sso'`); n != 1 {
			t.Errorf("%d live grants after signing in again on one device", n)
		}
		page, _ = s.app("")
		s.clock.advance(61 * time.Second)
		s.want(s.post("sso_exchange", object{"code": s.code(page)}), 401, badExchange)
	})
}

func TestExchangeRefusals(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		const bad = `{"error":"bad_request","message":"Required parameters are missing or invalid"}`
		s.want(s.post("sso_exchange", object{}), 400, bad)
		s.want(s.post("sso_exchange", object{"code": " "}), 400, bad)
		s.want(s.post("sso_exchange", object{"code": nil}), 400, bad)
		for _, code := range []string{"x", strings.Repeat("x", 9000), "sso_" + strings.Repeat("A", 49), "é"} {
			s.want(s.post("sso_exchange", object{"code": code}), 401, badExchange)
		}
		for _, body := range []object{{"code": 1}, {"code": []string{"a"}}, {"code": "a\x00"}, {"other": "a"}} {
			if a := s.post("sso_exchange", body); a.Status != 400 || a.text("error") != "bad_request" {
				t.Errorf("%v: %d %s", body, a.Status, a.Raw)
			}
		}
	})
}

// An app that sent a challenge is the only one that can redeem its codes.
func TestCodesAreBoundToTheApp(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		s.IDP.Person("g-1", "grace@example.com", true)
		pkce, other := actor.NewPKCE(), actor.NewPKCE()
		with := "&code_challenge_method=S256&code_challenge=" + pkce.Challenge
		page, _ := s.app(with)
		linking := s.linkingCode(page)
		for _, verifier := range []any{nil, "", other.Verifier, "short", strings.Repeat("a", 200)} {
			s.want(s.post("sso_create_account", object{"linking_code": linking, "code_verifier": verifier}), 401, badLinking)
		}
		s.opens(s.post("sso_create_account", object{"linking_code": linking, "code_verifier": pkce.Verifier}))
		page, _ = s.app(with)
		code := s.code(page)
		for _, verifier := range []any{nil, "", other.Verifier, "short"} {
			s.want(s.post("sso_exchange", object{"code": code, "code_verifier": verifier}), 401, badExchange)
		}
		s.opens(s.post("sso_exchange", object{"code": code, "code_verifier": pkce.Verifier}))
		// RFC 9700 section 2.1.1: a verifier without a challenge is an attack.
		page, _ = s.app("")
		s.want(s.post("sso_exchange", object{"code": s.code(page), "code_verifier": pkce.Verifier}), 401, badExchange)
		for _, bad := range []string{"&code_challenge=short", "&code_challenge_method=plain&code_challenge=" + pkce.Challenge, "&code_challenge_method=S256"} {
			if q := s.told(s.get(actor.NewBrowser(s.URL), "/auth/mobile/work?"+device+bad)); q.Get("error") != "sso_failed" {
				t.Errorf("%s: %v", bad, q)
			}
		}
	})
}

func TestWebLegRefusals(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		for path, want := range map[string]string{
			"/auth/mobile/nobody?" + device:                                                         "invalid_provider",
			"/auth/mobile/work":                                                                     "missing_device_info",
			"/auth/mobile/work?device_id=a&device_name=b":                                           "missing_device_info",
			"/auth/mobile/work?device_id=%20&device_name=b&device_type=ios":                         "missing_device_info",
			"/auth/mobile/work?device_id=a&device_name=b&device_type=toaster":                       "device_error",
			"/auth/mobile/work?device_id=a&device_name=%FF&device_type=ios":                         "device_error",
			"/auth/mobile/work?device_id=a&device_name=%00&device_type=ios":                         "device_error",
			"/auth/mobile/work?device_type=ios&device_name=b&device_id=" + strings.Repeat("a", 300): "device_error",
			"/auth/work/callback?state=x.m&code=y":                                                  "missing_session",
			"/auth/mobile/second-factor":                                                            "missing_session",
		} {
			q := s.told(s.get(actor.NewBrowser(s.URL), path))
			if q.Get("error") != want || q.Get("message") == "" || q.Has("code") {
				t.Errorf("%s: %v, want %s", path, q, want)
			}
		}
		// Versions are not required here.
		s.depart(actor.NewBrowser(s.URL), "/auth/mobile/work?device_id=a&device_name=b&device_type=android")

		b := actor.NewBrowser(s.URL)
		at := s.depart(b, "/auth/mobile/work?"+device)
		state := url.QueryEscape(at.Query().Get("state"))
		if q := s.told(s.get(actor.NewBrowser(s.URL), "/auth/work/callback?code=x&state="+state)); q.Get("error") != "missing_session" {
			t.Errorf("another browser came back: %v", q)
		}
		if q := s.told(s.get(b, "/auth/work/callback?error=access_denied&state="+state)); q.Get("error") != "sso_failed" {
			t.Errorf("denied at the provider: %v", q)
		}
		if q := s.told(s.get(b, "/auth/work/callback?code=x&state="+state)); q.Get("error") != "missing_session" {
			t.Errorf("the same state again: %v", q)
		}
		b = actor.NewBrowser(s.URL)
		state = url.QueryEscape(s.depart(b, "/auth/mobile/work?"+device).Query().Get("state"))
		if q := s.told(s.get(b, "/auth/work/callback?code=made-up&state="+state)); q.Get("error") != "sso_failed" {
			t.Errorf("a code the provider never made: %v", q)
		}
		b = actor.NewBrowser(s.URL)
		s.IDP.Person("g-1", "grace@example.com", true)
		back := s.IDP.SignIn(t, s.depart(b, "/auth/mobile/work?"+device))
		s.clock.advance(11 * time.Minute)
		if q := s.told(s.get(b, back.String())); q.Get("error") != "missing_session" {
			t.Errorf("eleven minutes later: %v", q)
		}
	})
}

func TestCreateAccountRefusals(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		s.member("grace@example.com")
		s.IDP.Person("g-1", "grace@example.com", true)
		page, _ := s.app("")
		code := s.linkingCode(page)
		s.want(s.post("sso_create_account", object{}), 400, `{"error":"Linking code is required"}`)
		s.want(s.post("sso_create_account", object{"linking_code": " "}), 400, `{"error":"Linking code is required"}`)
		s.want(s.post("sso_create_account", object{"linking_code": "x"}), 401, badLinking)
		s.want(s.post("sso_create_account", object{"linking_code": code}), 422, `{"errors":["Email has already been taken"]}`)
		a := s.post("sso_create_account", object{"linking_code": code, "first_name": strings.Repeat("a", 300)})
		s.want(a, 422, `{"errors":["First name is too long (maximum is 255 characters)"]}`)
		if n := s.count(`SELECT count(*) FROM identities`); n != 0 {
			t.Errorf("%d identities after refusals", n)
		}
		// An address is never enough to be somebody: the password decides.
		s.opens(s.post("sso_link", object{"linking_code": code, "email": "grace@example.com", "password": password}))
	})
}

func TestLinkRefusals(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		ada := s.member("ada@example.com")
		s.IDP.Person("g-1", "grace@example.com", true)
		page, _ := s.app("")
		code := s.linkingCode(page)
		link := func(body object) *answer {
			all := object{"linking_code": code, "email": "ada@example.com", "password": password}
			for name, value := range body {
				all[name] = value
			}
			return s.post("sso_link", all)
		}
		const wrong = `{"error":"Invalid email or password"}`
		s.want(link(object{"linking_code": ""}), 400, `{"error":"Linking code is required"}`)
		s.want(link(object{"linking_code": "x"}), 401, badLinking)
		s.want(link(object{"password": "wrong"}), 401, wrong)
		s.want(link(object{"email": "nobody@example.com"}), 401, wrong)
		s.want(link(object{"email": nil, "password": nil}), 401, wrong)
		show := s.secondFactor(ada)
		const asked = `{"error":"MFA users should sign in with email and password","mfa_required":true}`
		for range 6 { // a right password does not use the code up
			s.want(link(nil), 401, asked)
		}
		s.want(link(object{"otp_code": "000000"}), 401, asked)
		s.opens(link(object{"otp_code": show(0)}))
		s.want(link(object{"otp_code": show(1)}), 401, badLinking)
		if n := s.count(`SELECT count(*) FROM identities WHERE user_id = $1`, ada.ID); n != 1 {
			t.Errorf("%d identities", n)
		}
	})
}

// docs/contract.md, "Stricter here": people with a second factor can use it too.
func TestAppWithSecondFactor(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		s.IDP.Person("g-1", "grace@example.com", true)
		show := s.secondFactor(s.linked("grace@example.com"))
		page, b := s.app("")
		if page.Left != nil || page.URL.Path != "/auth/mobile/second-factor" {
			t.Fatalf("%v %v", page.URL, page.Left)
		}
		if csp := page.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' sureapp:;") {
			t.Error(csp)
		}
		page = s.submit(b, page, map[string]string{"otp_code": "000000"}, "otp_code")
		if page.Status != http.StatusUnprocessableEntity {
			t.Errorf("a wrong code: %d", page.Status)
		}
		var mu sync.Mutex
		form, err := page.Form("otp_code")
		if err != nil {
			t.Fatal(err)
		}
		form.Fill(map[string]string{"otp_code": show(0)})
		var codes []string
		together(20, func() {
			p, err := b.Submit(t.Context(), page, form, "", "")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil || p.Status >= 500:
				t.Errorf("%v %v", p, err)
			case p.Left != nil && p.Left.Query().Has("code"):
				codes = append(codes, p.Left.Query().Get("code"))
			}
		})
		if len(codes) != 1 {
			t.Fatalf("%d codes", len(codes))
		}
		s.opens(s.post("sso_exchange", object{"code": codes[0]}))
		if page := s.get(b, "/"); strings.Contains(page.Text(), "Hello") {
			t.Error("the browser is signed in")
		}
	})
}

// Blocked identities, deactivated users, changed passwords.
func TestWhoIsRefused(t *testing.T) {
	each(t, nil, func(t *testing.T, s *site) {
		s.IDP.Person("g-1", "grace@example.com", true)
		page, _ := s.app("")
		early := s.linkingCode(page)
		u := s.linked("grace@example.com")
		s.want(s.post("sso_create_account", object{"linking_code": early}), 401, badLinking)
		found, err := s.SSO.Identities(t.Context(), u.ID)
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		if err := s.SSO.Block(t.Context(), found[0].ID); err != nil {
			t.Fatal(err)
		}
		page, _ = s.app("")
		if q := s.told(page); q.Get("error") != "sso_failed" {
			t.Errorf("blocked: %v", q)
		}
		const blocked = `{"error":"SSO identity was removed by an administrator"}`
		s.want(s.post("sso_link", object{"linking_code": early, "email": "grace@example.com", "password": password}), 403, blocked)
		s.want(s.post("sso_create_account", object{"linking_code": early}), 403, blocked)
		if err := s.SSO.Unblock(t.Context(), found[0].ID); err != nil {
			t.Fatal(err)
		}
		page, _ = s.app("")
		code := s.code(page)
		if _, err := s.DB.Exec(t.Context(), `UPDATE users SET password_hash = 'other' WHERE id = $1`, u.ID); err != nil {
			t.Fatal(err)
		}
		s.want(s.post("sso_exchange", object{"code": code}), 401, badExchange)
		page, _ = s.app("")
		code = s.code(page)
		if err := s.People.Deactivate(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		s.want(s.post("sso_exchange", object{"code": code}), 401, badExchange)
		page, _ = s.app("")
		if q := s.told(page); q.Get("error") != "sso_failed" {
			t.Errorf("deactivated: %v", q)
		}
	})
}
