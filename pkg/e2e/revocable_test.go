package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

const resetStatus = "/api/v1/users/reset/status" // for administrators

// revocable is something a request is let in with, and the way to take it back.
type revocable struct {
	what    string
	path    string
	header  http.Header
	refused int          // the status afterwards
	revoke  func() error // returns when authserver has answered
}

// revocables are a token, an API key and an administrator's role.
func (w *world) revocables() []revocable {
	w.t.Helper()
	app, admin := w.public(), w.person()
	pair := w.tokens(app, "read")
	k := &keeper{world: w, person: admin, token: w.login(admin, "phone").Text("access_token")}
	key := k.newKey("in use", "read", "web", nil)
	otherToken := w.tokensOf(w.member(admin, "admin"), app, "read_write").Access
	return []revocable{
		{"a token", accounts, bearer(pair.Access), http.StatusUnauthorized, func() error {
			answer, err := app.Revoke(w.t.Context(), pair.Refresh)
			return errors.Join(err, wantOne(answer, http.StatusOK))
		}},
		{"an API key", accounts, keyHeader(key.Key), http.StatusUnauthorized, func() error {
			answer, err := (&actor.App{}).Call(w.t.Context(), http.MethodDelete, k.Auth.URL+apiKeys+"/"+key.ID, k.token, nil)
			return errors.Join(err, wantOne(answer, http.StatusOK, http.StatusNoContent))
		}},
		{
			"a role", resetStatus, bearer(otherToken), http.StatusForbidden,
			w.prepared(admin, "/settings/family", map[string]string{"action": "role", "role": "member"}, "id"),
		},
	}
}

func wantOne(answer *actor.Answer, statuses ...int) error {
	if answer == nil {
		return errors.New("no answer")
	}
	for _, status := range statuses {
		if answer.Status == status {
			return nil
		}
	}
	return fmt.Errorf("wanted one of %v, got %s", statuses, answer)
}

var invitationLink = regexp.MustCompile(`http://[^<"]*(/join\?code=inv_[0-9A-Za-z]+)`)

// member signs somebody up into admin's family.
func (w *world) member(admin *actor.Person, role string) *actor.Person {
	w.t.Helper()
	p := actor.NewPerson(w.Auth.URL)
	page := w.answer(admin.Browser, "/settings/family", map[string]string{"email": p.Email, "role": role}, "action", "invite")
	link := invitationLink.FindStringSubmatch(page.Body)
	if link == nil {
		w.t.Fatalf("no invitation: %d %s", page.Status, page.Text())
	}
	_, after, _ := strings.Cut(w.page(p, link[1]).Body, `href="/signup?`)
	query, _, _ := strings.Cut(after, `"`)
	form := map[string]string{"email": p.Email, "password": p.Password, "first_name": "Ada", "last_name": "Lovelace"}
	if page = w.answer(p.Browser, "/signup?"+strings.ReplaceAll(query, "&amp;", "&"), form); page.Status != http.StatusOK {
		w.t.Fatalf("joining: %d %s", page.Status, page.Text())
	}
	return p
}

// prepared gets the page at path and fills its form that has values and fields.
// What it returns sends the form and wants it done.
func (w *world) prepared(p *actor.Person, path string, values map[string]string, fields ...string) (send func() error) {
	w.t.Helper()
	page := w.page(p, path)
	form, err := page.Form(append(slices.Collect(maps.Keys(values)), append(fields, "csrf_token")...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range values { // the button pressed among them
		form.Values.Set(name, value)
	}
	return func() error {
		page, err := p.Browser.Submit(w.t.Context(), page, form, "", "")
		if err == nil && page.URL.Query().Get("done") == "" {
			err = fmt.Errorf("%s: %d %s", path, page.Status, page.Text())
		}
		return err
	}
}

// watcher asks a replica with a credential again and again.
type watcher struct {
	revocable
	replica *process.Process
	calm    chan struct{} // closed: it need not ask so often any more

	mu       sync.Mutex
	accepted time.Time // when the last request that was let in was sent
	times    int       // how many were let in
	last     int       // the last status
	err      error
}

const (
	watchEvery = 50 * time.Millisecond
	guardEvery = 400 * time.Millisecond // of whoever is calm: an answer that came back would be remembered for a second
)

func (o *watcher) run(ctx context.Context, begin time.Duration) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(begin):
	}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	calm := o.calm
	for {
		asked := time.Now()
		answer, err := sendTo(context.WithoutCancel(ctx), http.MethodGet, o.replica.URL+o.path, o.header, "")
		o.note(asked, answer, err)
		select {
		case <-ctx.Done():
			return
		case <-calm:
			tick.Reset(guardEvery)
			calm = nil
		case <-tick.C:
		}
	}
}

func (o *watcher) note(asked time.Time, answer *actor.Answer, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.err = err
		return
	}
	if o.last = answer.Status; o.last == http.StatusOK {
		o.accepted = asked
		o.times++
	}
}

// acceptedSince reports whether a request that was sent after from was let in.
func (o *watcher) acceptedSince(from time.Time, times int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.accepted.After(from) && o.times >= times
}

// judge says what a credential that was revoked at revoked may not have done.
func (o *watcher) judge(t *testing.T, revoked time.Time, life time.Duration) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		t.Errorf("%s at %s: %v", o.what, o.replica.URL, o.err)
	}
	if late := o.accepted.Sub(revoked); late > life {
		t.Errorf("%s was accepted %s after its revocation, at %s", o.what, late.Round(time.Millisecond), o.replica.URL)
	}
	if o.last != o.refused {
		t.Errorf("%s: the last answer was %d, want %d", o.what, o.last, o.refused)
	}
}
