package e2e

import (
	"fmt"
	"net/http"
	"path"
	"sync"
	"time"

	"latchkey/pkg/testenv/actor"
)

// race is one round in which somebody's access ends while it is being given.
type race struct {
	*world
	owner *actor.Person // at the browser that ends it
	other *actor.Person // the same person at the browser through which it is given
	admin *actor.Person // of the family that owner has joined; nil: their own
	app   *actor.App
	back  *actor.App // app at the replica where it redeems
	pkce  actor.PKCE
	asked *actor.Page // the consent page at other's browser
	form  *actor.Form

	fresh chan string // codes that are being redeemed
	given chan struct{}

	mu     sync.Mutex
	kept   []string        // codes nobody has presented
	pairs  []Pair          // of the application
	logins map[string]Pair // of the product's own app, by device
}

// manyCodes is more than one round makes.
const manyCodes = 10_000

// newRace signs somebody up at two browsers and lets them allow an application.
func (w *world) newRace(inFamily bool) *race {
	w.t.Helper()
	r := &race{
		world: w, pkce: actor.NewPKCE(), owner: w.person(), logins: map[string]Pair{},
		fresh: make(chan string, manyCodes), given: make(chan struct{}, manyCodes),
	}
	if inFamily {
		r.admin = r.owner
		r.owner = w.member(r.admin, "member")
	}
	r.app, r.other = w.developed(r.owner), r.owner.ElsewhereAs(w.Auth.URL)
	var err error
	if r.asked, err = r.other.Open(w.t.Context(), r.authorizeURL()); err != nil {
		w.t.Fatal(err)
	}
	if r.form, err = r.asked.Form("decision"); err != nil {
		w.t.Fatal(err)
	}
	r.author(r.consent, true)
	if len(r.kept) != 1 {
		w.t.Fatal("no code before the race")
	}
	return r
}

func (r *race) authorizeURL() string { return r.app.AuthorizeURL(r.pkce, "read", "s", nil) }

// developed registers an application on p's own pages.
func (w *world) developed(p *actor.Person) *actor.App {
	w.t.Helper()
	page := w.answer(p.Browser, "/settings/developer/new", map[string]string{
		"name": racedApp, "redirect_uris": webCallback, "auth_method": "none", "scopes": "read",
	})
	if page.URL.Query().Get("done") == "" {
		w.t.Fatalf("registering an application: %d %s", page.Status, page.Text())
	}
	return &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: path.Base(page.URL.Path)}, RedirectURI: webCallback}
}

// run gives access in every way e is about, and ends it once it was given so
// often. It returns when everybody has been answered.
func (r *race) run(e ending, often int) {
	r.t.Helper()
	end := e.prepare(r)
	over := make(chan struct{})
	var givers sync.WaitGroup
	again := func(give func(i int)) {
		givers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-over:
					return
				default:
					give(i)
				}
			}
		})
	}
	ask := r.consent
	if e.silently {
		ask = r.silent
	}
	for range 3 {
		again(func(i int) { r.author(ask, i%2 == 0) })
		givers.Go(func() { r.redeemUntil(over) })
	}
	if e.logins != untouched {
		again(func(i int) { r.signIn(fmt.Sprintf("device-%d", i)) })
	}
	r.awaitGifts(often)
	if err := end(); err != nil {
		r.t.Errorf("the end: %v", err)
	}
	close(over)
	givers.Wait()
	close(r.fresh)
	for code := range r.fresh {
		r.kept = append(r.kept, code)
	}
}

func (r *race) awaitGifts(n int) {
	limit := time.After(20 * time.Second)
	for range n {
		select {
		case <-r.given:
		case <-limit:
			r.t.Error("nothing is given")
			return
		}
	}
}

// author asks for a code, and keeps it or has it redeemed.
func (r *race) author(ask func() (*actor.Page, error), keep bool) {
	page, err := ask()
	if err != nil || page.Status >= http.StatusInternalServerError {
		r.t.Errorf("authorize: %v %v", page, err)
		return
	}
	if page.Left == nil || page.Left.Query().Get("code") == "" {
		return
	}
	r.given <- struct{}{}
	if code := page.Left.Query().Get("code"); !keep {
		r.fresh <- code
	} else {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.kept = append(r.kept, code)
	}
}

// consent presses the button, as often as it is asked to.
func (r *race) consent() (*actor.Page, error) {
	return r.other.Browser.Submit(r.t.Context(), r.asked, r.form, "decision", actor.Allow)
}

// silent relies on the consent that is remembered.
func (r *race) silent() (*actor.Page, error) {
	return r.other.Browser.Get(r.t.Context(), r.authorizeURL())
}

func (r *race) redeemUntil(over chan struct{}) {
	for {
		select {
		case <-over:
			return
		case code := <-r.fresh:
			if pair, ok := r.pair(r.back.Exchange(r.t.Context(), code, r.pkce.Verifier)); ok {
				if next, ok := r.pair(r.back.Refresh(r.t.Context(), pair.Refresh)); ok {
					pair = next
				}
				r.mu.Lock()
				r.pairs = append(r.pairs, pair)
				r.mu.Unlock()
			}
		}
	}
}

// signIn is a sign-in of the product's own app.
func (r *race) signIn(device string) {
	pair, ok := r.pair(r.loginTo(r.owner, device))
	if !ok {
		return
	}
	r.given <- struct{}{}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logins[device] = pair
}

// pair reads an answer that may be a refusal.
func (r *race) pair(answer *actor.Answer, err error) (Pair, bool) {
	if err != nil || answer.Status >= http.StatusInternalServerError {
		r.t.Errorf("%v %v", answer, err)
		return Pair{}, false
	}
	if answer.Status != http.StatusOK {
		return Pair{}, false
	}
	pair := Pair{Access: answer.Text("access_token"), Refresh: answer.Text("refresh_token")}
	return pair, pair.Access != ""
}
