package grant_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var start = storetest.Start

const (
	redirect  = storetest.Redirect
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// world is one database with a user, a sign-in and the client "app".
type world struct {
	*storetest.Harness
	Service  *grant.Service
	settings grant.Settings
	user     authserver.User
	signin   *authserver.Signin

	mu        sync.Mutex
	published []secret.Digest
	repeated  map[string]int
	reused    int
}

func (w *world) Publish(_ context.Context, digests []secret.Digest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published = append(w.published, digests...)
}

func (w *world) TokensIssued(string) {}

func (w *world) RefreshReused() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reused++
}

func (w *world) RefreshRepeated(why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.repeated[why]++
}

func (w *world) sawDead(t secret.Token) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.published {
		if d == t.Digest() {
			return true
		}
	}
	return false
}

func defaults() grant.Settings {
	return grant.Settings{
		CodeLifetime: time.Minute, AccessLifetime: time.Hour, RefreshLifetime: 24 * time.Hour, Lifetime: 240 * time.Hour,
		RetryWindow: time.Minute,
	}
}

// eachEngine runs fn in a fresh world on each engine.
func eachEngine(t *testing.T, settings grant.Settings, fn func(w *world)) {
	t.Helper()
	storetest.EachEngine(t, func(h *storetest.Harness) { fn(newWorld(h, settings)) })
}

func newWorld(h *storetest.Harness, settings grant.Settings) *world {
	h.Helper()
	w := &world{Harness: h, settings: settings, repeated: map[string]int{}}
	w.Service = w.service()
	w.user, w.signin = w.person()
	w.AddClient("app")
	return w
}

// service is another replica.
func (w *world) service() *grant.Service {
	return grant.New(grant.Dependencies{
		Store: w.Store, Events: w.Events(), Publisher: w, Metrics: w, Logger: slog.New(slog.DiscardHandler), Now: w.Now, Settings: w.settings,
	})
}

func (w *world) person() (authserver.User, *authserver.Signin) {
	w.Helper()
	u := w.Person()
	return *u, w.Signin(u)
}

func (w *world) approval(scopes scope.Set) grant.Approval {
	return grant.Approval{
		Signin: w.signin, ClientID: "app", Scopes: scopes, RedirectURI: redirect, Challenge: challenge, Consented: true,
	}
}

func (w *world) approve(scopes scope.Set) secret.Token {
	w.Helper()
	code, err := w.Service.Approve(w.Context(), w.approval(scopes))
	if err != nil {
		w.Fatal(err)
	}
	return code
}

func exchange(code secret.Token) grant.Exchange {
	return grant.Exchange{Code: code.Reveal(), ClientID: "app", RedirectURI: redirect, Challenge: challenge}
}

// redeemed is a grant with its first tokens.
func (w *world) redeemed(scopes scope.Set) *authserver.Tokens {
	w.Helper()
	tokens, err := w.Service.Redeem(w.Context(), exchange(w.approve(scopes)))
	if err != nil {
		w.Fatal(err)
	}
	return tokens
}

func (w *world) tryRefresh(t secret.Token) (*authserver.Tokens, error) {
	return w.Service.Refresh(w.Context(), grant.RefreshRequest{RefreshToken: t.Reveal(), ClientID: "app"})
}

func (w *world) refresh(t secret.Token) *authserver.Tokens {
	w.Helper()
	tokens, err := w.tryRefresh(t)
	if err != nil {
		w.Fatal(err)
	}
	return tokens
}

// active looks an access token up, as a resource server does.
func (w *world) active(t secret.Token) bool {
	w.Helper()
	c, err := w.Service.Lookup(w.Context(), t)
	return err == nil && c.Active(w.Now())
}

func (w *world) wantRefused(err error, reason string) {
	w.Helper()
	refused, ok := errors.AsType[*grant.Refusal](err)
	if !ok || refused.Reason != reason {
		w.Errorf("got %v, want a refusal: %s", err, reason)
	}
}
