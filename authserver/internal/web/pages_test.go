package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

const authorizePath = "/oauth/authorize?name=Budget&state=a%20b&redirect_uri=https%3A%2F%2Fapp.example%3A8443%2Fcb"

func TestSignUpConsentAndSignOut(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := actor.NewPerson(s.URL)
		if _, err := p.SignUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		page, err := p.Browser.Get(t.Context(), authorizePath)
		if err != nil {
			t.Fatal(err)
		}
		if got := page.Header.Get("Content-Security-Policy"); strings.Contains(got, "form-action") || !strings.Contains(got, "frame-ancestors 'none'") {
			t.Errorf("consent page: Content-Security-Policy %q", got)
		}
		for _, words := range []string{"Budget", "app.example:8443", "Ada Lovelace", p.Email, "Lovelace family", "See your password or sign in as you"} {
			if !strings.Contains(page.Text(), words) {
				t.Errorf("the consent page does not say %q: %s", words, page.Text())
			}
		}
		for _, decision := range []string{actor.Allow, actor.Deny} {
			to, err := p.Decide(t.Context(), s.URL+authorizePath, decision)
			if err != nil || to.Host != "app.example:8443" || to.Query().Get("decision") != decision {
				t.Fatalf("decision %s led to %v, %v", decision, to, err)
			}
		}
		page, _ = p.Browser.Get(t.Context(), "/signout")
		form, err := page.Form("csrf_token")
		if err != nil {
			t.Fatal(err)
		}
		if page, err = p.Browser.Submit(t.Context(), page, form, "", ""); err != nil || page.Status != 200 {
			t.Fatalf("sign out: %v %v", page, err)
		}
		// Signed out, the request is not lost: sign-in leads back to it.
		to, err := p.Decide(t.Context(), s.URL+authorizePath, actor.Allow)
		if err != nil || to.Query().Get("decision") != "allow" {
			t.Fatalf("after signing in again: %v, %v", to, err)
		}
	})
}

func TestSignInRefusals(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := actor.NewPerson(s.URL)
		if _, err := p.SignUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		known, unknown := signInAs(t, s, p.Email, "Wrong-1234"), signInAs(t, s, "nobody@example.com", "Wrong-1234")
		if known.Status != http.StatusUnauthorized || unknown.Status != http.StatusUnauthorized {
			t.Errorf("wrong password %d, unknown address %d; both want 401", known.Status, unknown.Status)
		}
		if !strings.Contains(known.Text(), "Invalid email or password") || !strings.Contains(known.Body, p.Email) {
			t.Errorf("the form does not come back filled: %s", known.Text())
		}
		if strings.Contains(known.Body, "Wrong-1234") {
			t.Error("the password came back")
		}
		if page := signInAs(t, s, "  "+strings.ToUpper(p.Email)+" ", p.Password); page.Status != http.StatusOK {
			t.Errorf("upper case address: %d", page.Status)
		}
		for _, email := range []string{"", "a", "a@b@c", strings.Repeat("x", 5000), "ä@example.com", "a@b.c\x7f"} {
			if page := signInAs(t, s, email, strings.Repeat("Aa1!", 600)); page.Status != http.StatusUnauthorized {
				t.Errorf("address %.20q: %d", email, page.Status)
			}
		}
	})
}

func signInAs(t *testing.T, s *site, email, password string) *actor.Page {
	t.Helper()
	b := actor.NewBrowser(s.URL)
	page, err := b.Get(t.Context(), "/signin")
	if err != nil {
		t.Fatal(err)
	}
	form, err := page.Form("email", "password")
	if err != nil {
		t.Fatal(err)
	}
	form.Fill(map[string]string{"email": email, "password": password})
	if page, err = b.Submit(t.Context(), page, form, "", ""); err != nil {
		t.Fatal(err)
	}
	return page
}

func TestSignUpRules(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		b := actor.NewBrowser(s.URL)
		page, err := b.Get(t.Context(), "/signup")
		if err != nil {
			t.Fatal(err)
		}
		form, err := page.Form("email", "password", "first_name")
		if err != nil {
			t.Fatal(err)
		}
		form.Fill(map[string]string{"email": "not an address", "password": "ä", "first_name": "A\u202eda"})
		page, err = b.Submit(t.Context(), page, form, "", "")
		if err != nil || page.Status != http.StatusUnprocessableEntity {
			t.Fatalf("%v %v", page, err)
		}
		for _, sentence := range []string{
			"Email is invalid", "First name is invalid",
			"Password must be at least 8 characters", "Password must include both uppercase and lowercase letters",
			"Password must include at least one number", "Password must include at least one special character",
		} {
			if !strings.Contains(page.Text(), sentence) {
				t.Errorf("the page does not say %q", sentence)
			}
		}
	})
}

// Six sign-ups with one address at once: one account, five polite refusals.
func TestSignUpRace(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		const n = 6
		type result struct {
			page *actor.Page
			err  error
		}
		results := make(chan result, n)
		p := actor.NewPerson(s.URL)
		for range n {
			go func() {
				page, err := p.ElsewhereAs(s.URL).SignUp(t.Context())
				results <- result{page, err}
			}()
		}
		won := 0
		for range n {
			r := <-results
			switch {
			case r.err == nil:
				won++
			case r.page == nil || r.page.Status != http.StatusUnprocessableEntity || !strings.Contains(r.page.Text(), "Email has already been taken"):
				t.Errorf("a loser got %v, %v", r.page, r.err)
			}
		}
		if won != 1 {
			t.Errorf("%d sign-ups won", won)
		}
	})
}

func TestSigninExpires(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := actor.NewPerson(s.URL)
		if _, err := p.SignUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		signedIn := func() bool {
			page, err := p.Browser.Get(t.Context(), "/")
			if err != nil {
				t.Fatal(err)
			}
			return strings.Contains(page.Text(), "Hello, Ada")
		}
		for range 4 {
			s.clock.advance(6 * 24 * time.Hour)
			if !signedIn() {
				t.Fatal("a sign-in in use ended before its time")
			}
		}
		s.clock.advance(6*24*time.Hour + time.Hour)
		if signedIn() {
			t.Error("the sign-in outlived its absolute life")
		}
		if _, err := p.SignIn(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.clock.advance(8 * 24 * time.Hour)
		if signedIn() {
			t.Error("the sign-in outlived its idle limit")
		}
	})
}

func TestReturnToStaysHere(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	for _, to := range []string{
		"https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
		"javascript:alert(1)", "evil", " /x", "/%5C%5Cevil", "/\u00a0", "/\x00",
	} {
		p := actor.NewPerson(s.URL)
		page, err := p.Browser.Get(t.Context(), "/signup?return_to="+url.QueryEscape(to))
		if err != nil {
			t.Fatal(err)
		}
		form, err := page.Form("email")
		if err != nil {
			t.Fatal(err)
		}
		form.Fill(map[string]string{"email": p.Email, "password": p.Password})
		if form.Values.Get("return_to") != "" && to != "/%5C%5Cevil" && to != "/\u00a0" {
			t.Errorf("return_to %q is on the form", to)
		}
		form.Values.Set("return_to", to)
		page, err = p.Browser.Submit(t.Context(), page, form, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if page.Left != nil {
			t.Errorf("return_to %q led away to %s", to, page.Left)
		}
	}
}
