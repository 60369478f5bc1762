package web_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/authserver"
	"latchkey/pkg/testenv/actor"
)

// TestA3_AResetSuspendsPasskeys resets the password of a person with two passkeys, of
// which one is an intruder's.
func TestA3_AResetSuspendsPasskeys(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Mine")
		mine := s.device
		s.anotherDevice("Intruder's")
		s.device = mine
		forgot(t, s.site, s.person.Email)
		path := s.email(t, authserver.EmailMessageReset, s.person.Email).Path
		s.person.Password = "Another-1!password"
		answer(t, actor.NewBrowser(s.URL), path, map[string]string{"new_password": s.person.Password})
		b := actor.NewBrowser(s.URL)
		if page := s.signIn(b); page.Status != http.StatusUnauthorized || s.signedIn(b) {
			t.Fatalf("a suspended passkey signs in: %d", page.Status)
		}
		owner := actor.NewBrowser(s.URL)
		page := answer(t, owner, "/signin?return_to=/settings/signins", map[string]string{"email": s.person.Email, "password": s.person.Password})
		if page.URL.Path != "/settings/review" || !strings.Contains(page.Text(), "Mine") || !strings.Contains(page.Text(), "Intruder's") {
			t.Fatalf("the next page: %s %s", page.URL, page.Text())
		}
		if page := s.get(owner, "/settings/passkeys"); page.URL.Path != "/settings/review" {
			t.Errorf("the question can be passed by: %s", page.URL)
		}
		form, err := page.Form("return_to", "csrf_token")
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range strings.Split(page.Body, `name="keep-`)[1:] {
			if strings.Contains(strings.SplitN(id, "</label>", 2)[0], "Mine") {
				form.Values.Set("keep-"+id[:36], "yes")
			}
		}
		if page, err = owner.Submit(t.Context(), page, form, "", ""); err != nil || page.URL.Path != "/settings/signins" {
			t.Fatalf("after the answer: %v %s", err, page.URL)
		}
		text := s.get(owner, "/settings/passkeys").Text()
		if !strings.Contains(text, "Mine") || strings.Contains(text, "Intruder's") {
			t.Errorf("passkeys: %s", text)
		}
		if s.signIn(b); !s.signedIn(b) {
			t.Error("the restored passkey does not sign in")
		}
		var left int
		if err := s.DB.QueryRow(t.Context(), `SELECT count(*) FROM passkeys`).Scan(&left); err != nil || left != 1 {
			t.Errorf("%d passkeys are left: %v", left, err)
		}
	})
}

// TestA3_ANewPasswordAsksWhatGoesOn changes the password of a person with a passkey
// that is not theirs.
func TestA3_ANewPasswordAsksWhatGoesOn(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Mine")
		s.anotherDevice("Intruder's")
		page := answer(t, s.person.Browser, "/settings/password", map[string]string{"password": s.person.Password, "new_password": "Another-1!password"})
		if page.URL.Path != "/settings/password/review" || !strings.Contains(page.Text(), "Mine") {
			t.Fatalf("the next page: %s %s", page.URL, page.Text())
		}
		form, err := page.Form("csrf_token")
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range strings.Split(page.Body, `name="passkey-`)[1:] {
			if strings.Contains(strings.SplitN(id, "</label>", 2)[0], "Intruder") {
				form.Values.Set("passkey-"+id[:36], "remove")
			}
		}
		if page, err = s.person.Browser.Submit(t.Context(), page, form, "", ""); err != nil || page.URL.Path != "/settings/security" {
			t.Fatalf("after the answer: %v %s", err, page.URL)
		}
		text := s.get(s.person.Browser, "/settings/passkeys").Text()
		if !strings.Contains(text, "Mine") || strings.Contains(text, "Intruder's") {
			t.Errorf("passkeys: %s", text)
		}
	})
}
