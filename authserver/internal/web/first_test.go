package web_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// TestFirstRequestsToManyPagesAtOnce asks a fresh server for its pages all at
// once: they share texts and buffers. It is for the race detector.
func TestFirstRequestsToManyPagesAtOnce(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	p := actor.NewPerson(s.URL)
	if _, err := p.SignUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	cookies := p.Browser.Cookies()
	fetch := func(path string, signedIn bool) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, http.NoBody)
		if err != nil {
			t.Error(err)
			return ""
		}
		req.Header.Set("Accept-Language", "de") // of which no page has been drawn
		if signedIn {
			for _, c := range cookies {
				req.AddCookie(c)
			}
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Error(err)
			return ""
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode == http.StatusInternalServerError {
			t.Errorf("%s: %d, %v", path, res.StatusCode, err)
		}
		if res.Header.Get("Location") != "" {
			return ""
		}
		return string(body)
	}
	var all sync.WaitGroup
	for _, path := range []string{
		"/", "/signin", "/signup", "/signout", "/join", "/forgot", "/nothing-here", authorizePath,
		"/settings/security", "/settings/password", "/settings/second-factor", "/settings/signins", "/settings/family", "/settings/delete",
		"/settings/account", "/settings/email", "/settings/applications", "/settings/passkeys", "/settings/export",
	} {
		for _, signedIn := range []bool{false, true, true} {
			all.Go(func() {
				if page := fetch(path, signedIn); page != "" && !strings.Contains(page, "</html>") {
					t.Errorf("%s is cut off: %.200s", path, page)
				}
			})
		}
	}
	all.Wait()
}
