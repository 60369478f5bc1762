package web_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/authserver"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/fault"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// TestL4_WhatAnOperatorHandsIn is shown at once, of a client that the operator
// registered or has verified.
func TestL4_WhatAnOperatorHandsIn(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		s.allowed(t, p.Email, authserver.Client{ID: "ours", Name: "Ours", RedirectURIs: []string{"https://ours.example/cb"}})
		s.allowed(t, p.Email, authserver.Client{ID: "theirs", Name: "Theirs", RedirectURIs: []string{"https://theirs.example/cb"}, Introduced: authserver.IntroducedByRegistration})
		hand := func(id string, side int) *actor.Page {
			return upload(t, boss.Browser, "/operator/applications/one/logo?client="+id, dot(t, side, side))
		}
		hand("ours", 50)
		hand("theirs", 60)
		shown := drawn(open(t, p.Browser, "/settings/applications"))
		if len(shown) != 1 || fetched(t, actor.NewBrowser(s.URL), shown[0]).Status != http.StatusOK {
			t.Errorf("%v", shown)
		}
		fill(t, boss.Browser, open(t, boss.Browser, "/operator/applications/one/verify?client=theirs"), nil)
		hand("theirs", 61)
		if got := drawn(open(t, p.Browser, "/settings/applications")); len(got) != 2 {
			t.Errorf("%v", got)
		}
		fill(t, boss.Browser, open(t, boss.Browser, "/operator/applications/one/unverify?client=theirs"), nil)
		if got := drawn(open(t, p.Browser, "/settings/applications")); !slices.Equal(got, shown) {
			t.Errorf("not verified any more: %v", got)
		}
		if page := fetched(t, p.Browser, "/operator/applications/one/logo?client=ours"); page.Status != http.StatusNotFound && page.Status != http.StatusForbidden {
			t.Errorf("no operator: %d", page.Status)
		}
		if page := fetched(t, boss.Browser, "/operator/applications/one/logo?client="+authserver.FirstPartyClientID); page.Status != http.StatusNotFound {
			t.Errorf("the product's own apps: %d", page.Status)
		}
		fill(t, boss.Browser, open(t, boss.Browser, "/operator/applications/one/delete?client=ours"), nil)
		if fetched(t, boss.Browser, shown[0]).Status != http.StatusNotFound {
			t.Error("the logo outlives its application")
		}
	}, withOperator)
}

// elsewhere answers for the place where clients say that their logos are.
type elsewhere struct {
	raw   []byte
	err   error
	asked []string
}

func (e *elsewhere) Fetch(_ context.Context, address string) ([]byte, error) {
	e.asked = append(e.asked, address)
	return e.raw, e.err
}

// TestL5_ANamedLogoIsFetchedByAnOperator, and by nobody else: no page asks for it.
func TestL5_ANamedLogoIsFetchedByAnOperator(t *testing.T) {
	away := &elsewhere{}
	eachSite(t, func(t *testing.T, s *site) {
		away.asked, away.err = nil, fault.New(fault.Unavailable, "The logo could not be fetched. Try again in a moment, or upload it.")
		boss, p := signedUp(t, s), signedUp(t, s)
		const address = "https://theirs.example/logo.png?a=1&b=<2>"
		s.allowed(t, p.Email, authserver.Client{ID: "https://theirs.example/c", Name: "Theirs", RedirectURIs: []string{"https://theirs.example/cb"}, Introduced: authserver.IntroducedByDocument, LogoURI: address})
		at := func(act string) string {
			return "/operator/applications/one" + act + "?client=" + url.QueryEscape("https://theirs.example/c")
		}
		open(t, p.Browser, "/settings/applications")
		wantText(t, open(t, boss.Browser, at("/verify")), "not fetched yet")
		fetch := func(status int) {
			t.Helper()
			if page := fill(t, boss.Browser, open(t, boss.Browser, at("/logo")), map[string]string{"do": "fetch"}); page.Status != status {
				t.Errorf("%d %s", page.Status, page.Text())
			}
		}
		if fetch(http.StatusServiceUnavailable); !slices.Equal(away.asked, []string{address}) {
			t.Errorf("asked for %v", away.asked)
		}
		away.err, away.raw = nil, []byte("<svg/>")
		fetch(http.StatusUnprocessableEntity)
		away.raw = dot(t, 64, 64)
		fetch(http.StatusOK)
		if got := drawn(open(t, p.Browser, "/settings/applications")); got != nil {
			t.Errorf("seen before anybody looked: %v", got)
		}
		fill(t, boss.Browser, open(t, boss.Browser, at("/verify")), nil)
		if got := drawn(open(t, p.Browser, "/settings/applications")); len(got) != 1 {
			t.Errorf("%v", got)
		}
		away.raw = dot(t, 65, 64) // whoever verified it once does not answer for the next
		fetch(http.StatusOK)
		if got := drawn(open(t, p.Browser, "/settings/applications")); got != nil {
			t.Errorf("another picture is shown unseen: %v", got)
		}
	}, withOperator, func(_ *site, d *web.Dependencies) { d.Clients.Pictures = away })
}

// TestL6_LogosTellNothing: names that nobody gave are not there, whatever they are.
func TestL6_LogosTellNothing(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	for _, name := range []string{"x", strings.Repeat("A", 43), strings.Repeat("A", 4000), "..%2f..%2fetc", "%00", "a'%20OR%201=1--"} {
		if res := get(t, s.URL+"/logos/"+name); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	if authserver.LogoDigest([]byte("a")) == authserver.LogoDigest([]byte("b")) || len(authserver.LogoDigest(nil)) != 43 {
		t.Error("names of pictures")
	}
}
