package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/fault"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// Every error is a page: one sentence, one way onward, and nothing of the cause.
func TestErrorPages(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	cause := errors.New("password=hunter2 at 10.0.0.7")
	for status, c := range map[int]struct {
		err   error
		title string
		says  string
	}{
		400: {fault.Wrap(fault.Malformed, cause, "The form could not be read."), "We couldn't understand that request", "The form could not be read."},
		403: {fault.Wrap(fault.Forbidden, cause, "Only an admin of the family can do this."), "You can't do that", "Only an admin"},
		404: {fault.Wrap(fault.NotFound, cause, "There is nothing at this address."), "Page not found", "There is nothing at this address."},
		409: {fault.Wrap(fault.Conflict, cause, "You can't do this to yourself."), "That isn't possible right now", "You can't do this to yourself."},
		413: {fault.Wrap(fault.TooLarge, cause, "The request body is too large"), "That was too large", "The request body is too large"},
		429: {fault.Wrap(fault.RateLimited, cause, "Too many attempts. Try again later.").WithRetryAfter(10 * time.Minute), "Too many attempts", "You can try again in 10 minutes."},
		500: {cause, "Something went wrong", "Something went wrong on our side."},
		503: {fault.Wrap(fault.Unavailable, cause, "The service is temporarily unavailable. Try again later."), "Not available right now", "temporarily unavailable"},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		s.Pages.RenderError(w, r, c.err)
		page := actor.Page{Status: w.Code, Header: w.Header(), Body: w.Body.String(), URL: &url.URL{Path: "/"}}
		if w.Code != status || !strings.Contains(page.Text(), c.title) || !strings.Contains(page.Text(), c.says) {
			t.Errorf("%d: %d %s", status, w.Code, page.Text())
		}
		if strings.Contains(page.Body, "hunter2") || strings.Contains(page.Body, "10.0.0.7") {
			t.Errorf("%d shows its cause: %s", status, page.Body)
		}
		if strings.Count(page.Body, `class="button"`) != 1 {
			t.Errorf("%d has not one way onward: %s", status, page.Body)
		}
		if retry := w.Header().Get("Retry-After"); (status == 429 || status == 503) != (retry != "") {
			t.Errorf("%d: Retry-After %q", status, retry)
		}
	}
}

func TestErrorPagesNameTheRequest(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	res := get(t, s.URL+"/nothing-here")
	page, err := actor.NewBrowser(s.URL).Get(t.Context(), "/nothing-here")
	if err != nil || res.Header.Get("X-Request-Id") == "" || !strings.Contains(page.Text(), page.Header.Get("X-Request-Id")) {
		t.Errorf("%v: %s", err, page.Text())
	}
}

// Whatever is put into the pages' addresses and fields, the answer is a page of
// the right status and never a failure of ours.
func TestNonsenseIsRefused(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		nonsense := []string{"", " ", "\x00", "\xff\xfe", "'\"<script>", "../../etc/passwd", strings.Repeat("x", 9000), "%", "{{.}}", "\u202e", "0", "-1", "null"}
		for _, path := range []string{
			"/reset?token=", "/settings/email/confirm?token=", "/settings/applications/one?client_id=", "/signin?return_to=",
			"/signin?done=", "/forgot?email=", "/settings/developer/", "/settings/api_keys/", "/settings/passkeys/", "/signup?invite_code=", "/join?code=",
		} {
			for _, bad := range nonsense {
				page, err := p.Browser.Get(t.Context(), path+url.PathEscape(bad))
				if strings.Contains(path, "?") {
					page, err = p.Browser.Get(t.Context(), path+url.QueryEscape(bad))
				}
				if err != nil || page.Status >= 500 || strings.Contains(page.Body, "<script>") {
					t.Errorf("GET %s%.20q: %v, %v", path, bad, page, err)
				}
			}
		}
		for path, fields := range map[string][]string{
			"/forgot": {"email"}, "/settings/account": {"first_name", "last_name"}, "/settings/email": {"email", "password"},
			"/settings/developer/new": {"name", "redirect_uris", "scopes", "auth_method"}, "/signin": {"email", "password", "return_to"},
		} {
			for _, field := range fields {
				for _, bad := range nonsense {
					page, err := p.Browser.Get(t.Context(), "/settings/account")
					if err != nil {
						t.Fatal(err)
					}
					form, err := page.Form("csrf_token")
					if err != nil {
						t.Fatal(err)
					}
					page, err = p.Browser.Post(t.Context(), path, url.Values{"csrf_token": form.Values["csrf_token"], field: {bad}})
					if err != nil || page.Status >= 500 || strings.Contains(page.Body, "<script>") {
						t.Errorf("POST %s %s=%.20q: %v, %v", path, field, bad, page, err)
					}
				}
			}
		}
		for _, path := range []string{"/settings/applications", "/settings/developer/nobody/rotate", "/settings/developer/nobody/delete", "/settings/developer", "/settings/export", "/reset"} {
			page, err := p.Browser.Post(t.Context(), path, url.Values{"csrf_token": {"forged"}})
			if err != nil || page.Status != http.StatusForbidden {
				t.Errorf("POST %s with a forged token: %v %v", path, page.Status, err)
			}
		}
	})
}

func TestConsentSaysWhoAndWhat(t *testing.T) {
	graceful := settings()
	graceful.ErasureGrace = 7 * 24 * time.Hour
	s := newSite(t, testenv.Embedded, graceful)
	p := signedUp(t, s)
	u, err := s.Store.FindUserByEmail(t.Context(), p.Email)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		query    string
		has, not []string
	}{
		"everything": {"", []string{"to see and change your household's finances?", "See accounts and balances", "Add and edit accounts", "Delete accounts, transactions and tags.", "Delete all of the household's data at once", "undo that for 7 days", "Registered by this server's operator"}, []string{"Not verified", "You have already allowed"}},
		"only new":   {"&more", []string{"to change your household's finances too?", "Delete accounts, transactions and tags.", "You have already allowed: See your household's finances"}, []string{"See accounts and balances"}},
		"of another": {"&owner=somebody", []string{"Not verified", "Nobody has checked who they are"}, []string{"operator"}},
		"their own":  {"&owner=" + u.ID, []string{"Registered by you"}, []string{"Not verified", "operator"}},
	} {
		page, err := p.Browser.Get(t.Context(), authorizePath+c.query)
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range append(c.has, "Signed in as Ada Lovelace", "Lovelace family", "app.example:8443") {
			if !strings.Contains(page.Text(), words) {
				t.Errorf("%s: the page does not say %q: %s", what, words, page.Text())
			}
		}
		for _, words := range c.not {
			if strings.Contains(page.Text(), words) {
				t.Errorf("%s: the page says %q: %s", what, words, page.Text())
			}
		}
		if strings.Count(page.Body, `<button class="button" type="submit" name="decision"`) != 2 {
			t.Errorf("%s: the two answers do not weigh the same", what)
		}
	}
}

// The name of the application is text and no more, and not endless.
func TestConsentTrustsNoName(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	p := signedUp(t, s)
	for name, want := range map[string]string{
		"<h1>Bank</h1>": "Allow <h1>Bank</h1> to", "a\u202eb\u200bc": "Allow abc to", "\u2066": "Allow ? to",
		strings.Repeat("W", 300): "Allow " + strings.Repeat("W", 80) + "… to",
	} {
		page, err := p.Browser.Get(t.Context(), "/oauth/authorize?redirect_uri=https%3A%2F%2Fapp.example%2Fcb&name="+url.QueryEscape(name))
		if err != nil || !strings.Contains(page.Text(), want) || strings.Contains(page.Body, "<h1>Bank") {
			t.Errorf("%.20q: %v %s", name, err, page.Text())
		}
	}
}
