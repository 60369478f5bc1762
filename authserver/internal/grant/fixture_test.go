package grant_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	redirect  = "https://app.example/cb"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// world is one database with a user, a sign-in and the client "app".
type world struct {
	*testing.T
	DB       *database.DB
	Store    *store.Store
	Service  *grant.Service
	settings grant.Settings
	user     authserver.User
	signin   *authserver.Signin
	now      atomic.Int64 // nanoseconds after start

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

func (w *world) clock() time.Time     { return start.Add(time.Duration(w.now.Load())) }
func (w *world) pass(d time.Duration) { w.now.Add(int64(d)) }
func (w *world) at(d time.Duration)   { w.now.Store(int64(d)) }
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
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		fn(newWorld(t, schema.Database(t, set), settings))
	})
}

func newWorld(t *testing.T, url string, settings grant.Settings) *world {
	t.Helper()
	db, err := database.Open(t.Context(), url, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := &world{T: t, DB: db, Store: store.New(db), settings: settings, repeated: map[string]int{}}
	w.Service = w.service()
	w.user, w.signin = w.person()
	w.client("app")
	return w
}

func (w *world) events() *event.Recorder {
	return &event.Recorder{Store: w.Store, Logger: slog.New(slog.DiscardHandler), Now: w.clock}
}

// service is another replica.
func (w *world) service() *grant.Service {
	return grant.New(grant.Dependencies{
		Store: w.Store, Events: w.events(), Publisher: w, Metrics: w, Logger: slog.New(slog.DiscardHandler), Now: w.clock, Settings: w.settings,
	})
}

func (w *world) person() (authserver.User, *authserver.Signin) {
	w.Helper()
	u := authserver.User{ID: uuid.NewString(), FamilyID: uuid.NewString(), Role: authserver.RoleAdmin, UILayout: "dashboard", PasswordHash: "hash", CreatedAt: start}
	u.Email = u.ID + "@example.com"
	w.exec(`INSERT INTO families (id, name, created_at) VALUES ($1, 'Family', $2)`, u.FamilyID, start)
	if err := w.Store.CreateUser(w.Context(), &u); err != nil {
		w.Fatal(err)
	}
	in := &authserver.Signin{
		ID: uuid.NewString(), Digest: secret.New(secret.Signin).Digest(), User: u, CreatedAt: start, SeenAt: start, ConfirmedAt: start,
		ExpiresAt: start.Add(time.Hour),
	}
	if err := w.Store.CreateSignin(w.Context(), in); err != nil {
		w.Fatal(err)
	}
	return u, in
}

func (w *world) client(id string) {
	w.Helper()
	err := w.Store.CreateClient(w.Context(), &authserver.Client{
		ID: id, Name: "App", AuthMethod: authserver.AuthNone, Scopes: scope.All, RedirectURIs: []string{redirect}, CreatedAt: start,
	})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) exec(text string, args ...any) {
	w.Helper()
	if _, err := w.DB.Exec(w.Context(), text, args...); err != nil {
		w.Fatal(err)
	}
}

func (w *world) count(text string, args ...any) (n int) {
	w.Helper()
	if err := w.DB.QueryRow(w.Context(), text, args...).Scan(&n); err != nil {
		w.Fatal(err)
	}
	return n
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
	return err == nil && c.Active(w.clock())
}

func (w *world) wantRefused(err error, reason string) {
	w.Helper()
	refused, ok := errors.AsType[*grant.Refusal](err)
	if !ok || refused.Reason != reason {
		w.Errorf("got %v, want a refusal: %s", err, reason)
	}
}

// race runs try n times at once and returns how many were true.
func race(n int, try func(i int) bool) int {
	var (
		group sync.WaitGroup
		wins  atomic.Int64
		gate  = make(chan struct{})
	)
	for i := range n {
		group.Go(func() {
			<-gate
			if try(i) {
				wins.Add(1)
			}
		})
	}
	close(gate)
	group.Wait()
	return int(wins.Load())
}
