package account_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/cache"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/secret"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const (
	password = "Correct-horse-1!"
	another  = "Battery-staple-2?"
)

// home is where people come from who say nothing else.
var home = account.Visitor{Address: "192.0.2.1", Language: "en"}

// nobody is the cookie of a browser that has none.
var nobody secret.Token

// world is the use cases on a fresh database, with an application "app" and a
// mailbox.
type world struct {
	*storetest.Harness
	People   *account.Service
	Recovery *account.Recovery
	Grants   *grant.Service
	Keys     *apikey.Service
	recorder *event.Recorder
	sealer   *account.Sealer
	settings account.Settings

	mu     sync.Mutex
	emails []authserver.EmailMessage
	down   bool // the mail server does not answer
}

func settings(change ...func(s *account.Settings)) account.Settings {
	s := account.Settings{
		Signup: account.SignupOpen, SigninLifetime: 30 * 24 * time.Hour, SigninIdle: 7 * 24 * time.Hour,
		HashCost: account.HashCost{Memory: 8, Passes: 1}, Emails: true,
	}
	for _, one := range change {
		one(&s)
	}
	return s
}

func silent(s *account.Settings) { s.Emails = false }

// eachEngine runs fn in a fresh world on each engine.
func eachEngine(t *testing.T, settings account.Settings, fn func(w *world)) {
	t.Helper()
	storetest.EachEngine(t, func(h *storetest.Harness) { fn(newWorld(h, settings)) })
}

func newWorld(h *storetest.Harness, settings account.Settings) *world {
	h.Helper()
	w := &world{Harness: h, recorder: h.Events(), settings: settings}
	emails := &account.Emails{Store: h.Store, Events: w.recorder, Now: h.Now, On: settings.Emails}
	w.recorder.Followers = []event.Follower{emails.Notify}
	w.Grants = grant.New(grant.Dependencies{
		Store: h.Store, Events: w.recorder, Logger: slog.New(slog.DiscardHandler), Now: h.Now, Settings: grant.Settings{
			CodeLifetime: time.Minute, AccessLifetime: time.Hour, RefreshLifetime: 24 * time.Hour, Lifetime: 240 * time.Hour, RetryWindow: time.Minute,
		},
	})
	w.Keys = &apikey.Service{Store: h.Store, Publisher: w, Tiers: ratelimit.DefaultTiers(), Now: h.Now, Events: w.recorder}
	var err error
	if w.sealer, err = account.NewSealer(account.NewSealKey()); err != nil {
		h.Fatal(err)
	}
	w.People = w.service(w.sealer)
	w.Recovery = &account.Recovery{People: w.People, Links: h.Store, Mail: w}
	if err := h.Store.EnsureFirstParty(h.Context(), h.Now()); err != nil {
		h.Fatal(err)
	}
	w.AddClient("app")
	return w
}

// service is another replica, with an encryption key of its own.
func (w *world) service(sealer *account.Sealer) *account.Service {
	w.Helper()
	shared, err := cache.Open("", cache.Options{Now: w.Now})
	if err != nil {
		w.Fatal(err)
	}
	limiter, err := ratelimit.New(shared, ratelimit.Options{Now: w.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.Fatal(err)
	}
	return account.New(account.Dependencies{
		Store: w.Store, Grants: w.Grants, Keys: w.Keys, Limiter: limiter, Sealer: sealer, Events: w.recorder,
		Logger: slog.New(slog.DiscardHandler), Now: w.Now, Settings: w.settings,
	})
}

// Publish hears which keys ended.
func (w *world) Publish(context.Context, []secret.Digest) {}

// Send is the mail server.
func (w *world) Send(_ context.Context, m authserver.EmailMessage) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return errors.New("no mail today")
	}
	w.emails = append(w.emails, m)
	return nil
}

// waiting counts the emails that are to be sent.
func (w *world) waiting() int {
	w.Helper()
	return w.Count(`SELECT count(*) FROM outbox WHERE kind = 'letter'`)
}

// mail sends what is due and returns it.
func (w *world) mail() []authserver.EmailMessage {
	w.Helper()
	w.Recovery.DeliverDue(w.Context())
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.emails
	w.emails = nil
	return sent
}

// email sends what waits and returns the one email of a kind; nil: there is none.
func (w *world) email(kind string) *authserver.EmailMessage {
	w.Helper()
	var found []authserver.EmailMessage
	for _, m := range w.mail() {
		if m.Kind == kind {
			found = append(found, m)
		}
	}
	switch len(found) {
	case 0:
		return nil
	case 1:
		return &found[0]
	}
	w.Fatalf("%d emails: %s", len(found), kind)
	return nil
}

// token is what the link of an email carries.
func (w *world) token(kind string) string {
	w.Helper()
	m := w.email(kind)
	if m == nil {
		w.Fatalf("no email: %s", kind)
	}
	return tokenOf(w.T, m.Path)
}

func tokenOf(t *testing.T, path string) string {
	t.Helper()
	u, err := url.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("token") + u.Query().Get("code")
}

func form(email string) account.Signup { return account.Signup{Email: email, Password: password} }

func none(context.Context, *authserver.User) error { return nil }

// join signs somebody up, who is the admin of a new family or, with a code, a member
// of one.
func (w *world) join(email, code string) *authserver.User {
	w.Helper()
	in := form(email)
	in.InviteCode = code
	u, err := w.People.SignUp(w.Context(), in, home, none)
	if err != nil {
		w.Fatal(err)
	}
	return w.user(u.ID)
}

func (w *world) ada() *authserver.User { w.Helper(); return w.join("ada@example.com", "") }

// user is the user as the database knows them.
func (w *world) user(id string) *authserver.User {
	w.Helper()
	u, err := w.People.User(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return u
}

// member joins the family of by in a role.
func (w *world) member(by *authserver.User, email, as string) *authserver.User {
	w.Helper()
	return w.join(email, w.invite(by, email, as))
}

// invite invites and returns the code, from the email where there are emails.
func (w *world) invite(by *authserver.User, email, as string) string {
	w.Helper()
	code, err := w.People.Invite(w.Context(), by, email, as, "en")
	if err != nil {
		w.Fatal(err)
	}
	if w.settings.Emails {
		return w.token(authserver.EmailMessageInvited)
	}
	return code.Reveal()
}
