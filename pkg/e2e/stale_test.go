package e2e

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// A consent page from before the person signed in anew asks again, and the
// application gets its answer all the same.
func TestC3_AStaleConsentPageAsksAgain(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.public(), w.person()
		target := app.AuthorizeURL(actor.NewPKCE(), "read", "state-1", nil)
		page, err := p.Open(w.t.Context(), target)
		if err != nil {
			w.t.Fatal(err)
		}
		old, err := page.Form("decision")
		if err != nil {
			w.t.Fatal(err)
		}
		w.signOut(p.Browser)
		if _, err := p.SignIn(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		again, err := p.Browser.Submit(w.t.Context(), page, old, "decision", actor.Allow)
		if err != nil || again.Left != nil || again.Status != http.StatusForbidden || !strings.Contains(again.Text(), "This form had expired") {
			w.t.Fatalf("%v, %v", again, err)
		}
		form, err := again.Form("decision")
		if err != nil {
			w.t.Fatal(err)
		}
		done, err := p.Browser.Submit(w.t.Context(), again, form, "decision", actor.Allow)
		if err != nil || done.Left == nil || done.Left.Query().Get("code") == "" || done.Left.Query().Get("state") != "state-1" {
			w.t.Errorf("%v, %v", done, err)
		}
	})
}
