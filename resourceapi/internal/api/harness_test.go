package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/cache"
	"latchkey/pkg/database"
	"latchkey/pkg/guard"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/resourceapi/internal/api"
	"latchkey/resourceapi/internal/balance"
	"latchkey/resourceapi/internal/store"
)

const erasureSecret = "an erasure secret of sufficient length"

// service is the whole resource API on fresh engines. Its introspector knows the
// callers that the test has admitted.
type service struct {
	t      *testing.T
	url    string
	db     *database.DB
	router *mux.Router
	store  *store.Store
	set    testenv.Set
	people *people
}

// people is an introspector that knows the callers of a test.
type people struct {
	mu   sync.Mutex
	know map[secret.Digest]introspection.Answer
}

func (p *people) Introspect(_ context.Context, c secret.Token) (introspection.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.know[c.Digest()], nil
}

func eachSet(t *testing.T, fn func(t *testing.T, s *service)) {
	t.Helper()
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		t.Parallel()
		fn(t, start(t, set))
	})
}

// eachSetAlone is eachSet while no other test runs: for what takes the time.
func eachSetAlone(t *testing.T, fn func(t *testing.T, s *service)) {
	t.Helper()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) { fn(t, start(t, set)) })
}

// openDatabase returns a migrated database. On PostgreSQL the connected role is
// an ordinary one that owns nothing, as in production.
func openDatabase(t *testing.T, set testenv.Set) *database.DB {
	t.Helper()
	return connect(t, makeDatabase(t, set))
}

func connect(t *testing.T, address string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), address, database.Options{MaxConnections: 12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// role is who the service is on PostgreSQL.
const role = "latchkey_api_test"

// makeDatabase makes a migrated database and returns where the service finds it.
func makeDatabase(t *testing.T, set testenv.Set) string {
	t.Helper()
	address := schema.Database(t, set)
	if set == testenv.Embedded {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, role)
	return u.String()
}

func start(t *testing.T, set testenv.Set) *service {
	t.Helper()
	return serve(t, set, openDatabase(t, set))
}

func serve(t *testing.T, set testenv.Set, db *database.DB) *service {
	t.Helper()
	s := front(t, set, db, &people{know: map[secret.Digest]introspection.Answer{}})
	s.work()
	return s
}

// front serves requests; it does no work in the background.
func front(t *testing.T, set testenv.Set, db *database.DB, known *people) *service {
	t.Helper()
	s := &service{t: t, db: db, set: set, people: known}
	s.store = store.New(db, store.Options{Currency: "USD", Now: time.Now})
	log := quiet(t)
	limiter, err := ratelimit.New(cache.NewMemory(cache.Options{Now: time.Now, Logger: log}), ratelimit.Options{Now: time.Now, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	s.url = "http://" + server.Listener.Addr().String()
	g, err := guard.New(guard.Options{
		Introspector: s.people, Limiter: limiter, Now: time.Now, Resource: s.url, MetadataURL: api.MetadataURL(s.url),
		Tiers: ratelimit.Tiers{ratelimit.TierStandard: 100, ratelimit.TierOAuth: 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	router := mux.NewRouter().SkipClean(true).UseEncodedPath()
	endpoints, err := api.New(api.Options{
		Store: s.store, Guard: g, Resource: s.url, Issuer: "http://127.0.0.1:8080", Erasure: guard.NewShared(erasureSecret), Program: program, Logger: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	endpoints.Mount(router)
	s.router = router
	server.Config.Handler = httpserver.Chain{
		Now: time.Now, Logger: log, Headers: httpserver.APIHeaders(), BodyLimit: api.LargestBody, Render: apierror.Write,
	}.Wrap(router)
	server.Start()
	t.Cleanup(server.Close)
	return s
}

func quiet(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// work runs workers until the test ends.
func (s *service) work() {
	worker := balance.NewWorker(balance.Options{
		Store: s.store, Logger: quiet(s.t), Poll: 50 * time.Millisecond, Lease: 30 * time.Second, Tries: 5, Backoff: 20 * time.Millisecond,
	}, nil)
	ctx, stop := context.WithCancel(context.WithoutCancel(s.t.Context()))
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() { worker.Run(ctx) })
	}
	s.t.Cleanup(func() { stop(); running.Wait() })
}

// until waits until a condition is true, which a worker makes true.
func (s *service) until(what string, condition func() bool) {
	s.t.Helper()
	deadline := time.NewTimer(15 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			s.t.Fatalf("still waiting: %s", what)
		}
	}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(line []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

// caller is somebody with a credential.
type caller struct {
	s      *service
	answer introspection.Answer
	header http.Header
}

func (s *service) admit(a introspection.Answer) *caller {
	kind, c := secret.AccessToken, &caller{s: s, header: http.Header{}}
	if a.CredentialKind == introspection.KindAPIKey {
		kind = secret.APIKey
	}
	token := secret.New(kind)
	if kind == secret.APIKey {
		c.header.Set("X-Api-Key", token.Reveal())
	} else {
		c.header.Set("Authorization", "Bearer "+token.Reveal())
	}
	s.people.mu.Lock()
	s.people.know[token.Digest()] = a
	s.people.mu.Unlock()
	c.answer = a
	return c
}

// family returns an administrator of a fresh family, with scope read_write.
func (s *service) family() *caller { return s.member(uuid.NewString(), "admin", "read_write") }

func (s *service) member(family, role, scope string) *caller {
	return s.admit(introspection.Answer{
		Active: true, Scope: scope, FamilyID: family, UserID: uuid.NewString(), Role: role, ClientID: "app",
		CredentialID: uuid.NewString(), CredentialKind: introspection.KindAccessToken,
	})
}
