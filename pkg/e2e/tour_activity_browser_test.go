//go:build browser

package e2e

import (
	"net/url"
	"strings"

	"latchkey/pkg/testenv/actor"
)

// tourActivity has somebody guess the password, sign in elsewhere and join the family, and
// looks at what the pages say of it.
func (w *world) tourActivity(b *tab, at func(page, path string), p *actor.Person) {
	guesser := *p.ElsewhereAs(w.Auth.URL)
	guesser.Password = "Not the password 1!"
	for range 3 {
		w.signingIn(&guesser)
	}
	elsewhere := p.ElsewhereAs(w.Auth.URL)
	w.signingIn(elsewhere)
	w.member(elsewhere, "member")
	first := func(page, path, link string) {
		b.visit(w.Auth.URL + path)
		to, err := ask[string](b, `document.querySelector(`+"`"+link+"`"+`).getAttribute("href")`)
		if err != nil {
			w.t.Fatal(page, err)
		}
		at(page, to)
	}
	at("activity-busy", "/settings/activity")
	at("activity-found", "/settings/activity?q=password&days=7")
	at("activity-nothing", "/settings/activity?q=nothing-of-the-kind")
	at("activity-family", "/settings/activity?of=family&kind=household")
	first("activity-not-me", "/settings/activity?kind=signins", "li.noted a.button")
	at("family-members", "/settings/family")
	first("member-remove", "/settings/family", `a[href$="/remove"]`)
	own := w.developed(elsewhere)
	wrong := own.AuthorizeURL(actor.NewPKCE(), "read", "s", url.Values{"redirect_uri": {"https://app.example/calback"}})
	at("refused-redirect", strings.TrimPrefix(wrong, w.Auth.URL))
}
