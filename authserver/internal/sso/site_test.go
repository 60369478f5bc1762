package sso_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/api"
	"latchkey/authserver/internal/consent"
	"latchkey/authserver/internal/credential"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/oauth"
	"latchkey/authserver/internal/passkey"
	"latchkey/authserver/internal/sso"
	"latchkey/authserver/internal/store"
	"latchkey/authserver/internal/storetest"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/database"
	"latchkey/pkg/e2e/openid"
	"latchkey/pkg/guard"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/described"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const password = "Correct-horse-1!"

// site is pages and JSON API with the real store and OAuth server, and a real
// provider beside it.
type site struct {
	*testing.T
	URL    string
	DB     *database.DB
	Store  *store.Store
	People *account.Service
	OAuth  *oauth.Server
	SSO    *sso.Service
	IDP    *openid.Provider
	HTTP   *http.Client // of apps; holds every exchange against the description
	clock  *clock
	file   string // of the embedded database
}

var description = described.File("../api/openapi.yaml")

type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().UTC().Add(c.offset).Truncate(time.Microsecond)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

func newSite(t *testing.T, set testenv.Set, change func(*sso.Settings)) *site {
	t.Helper()
	address := storetest.Database(t, set)
	db, err := database.Open(t.Context(), address, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &site{T: t, DB: db, Store: store.New(db), HTTP: description.Client(t), clock: &clock{}, file: strings.TrimPrefix(address, "sqlite:")}
	if err := s.Store.EnsureFirstParty(t.Context(), s.clock.now()); err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	server := httptest.NewUnstartedServer(nil)
	s.URL = "http://" + server.Listener.Addr().String()
	s.IDP = openid.New(t)
	s.IDP.Allow(s.URL + "/auth/work/callback")
	events := &event.Recorder{Store: s.Store, Logger: logger, Now: s.clock.now}
	grants := grant.New(grant.Dependencies{
		Store: s.Store, Events: events, Logger: logger, Now: s.clock.now,
		Settings: grant.Settings{AccessLifetime: time.Hour, RefreshLifetime: time.Hour, CodeLifetime: time.Minute},
	})
	s.OAuth = oauth.New(oauth.Dependencies{
		Grants: grants, Requesting: oauth.RequestingClients{Clients: oauth.NewClientCache(s.Store, 0, s.clock.now)}, Now: s.clock.now, Issuer: s.URL,
	})
	sealer, err := account.NewSealer(account.NewSealKey())
	if err != nil {
		t.Fatal(err)
	}
	s.People = account.New(account.Dependencies{
		Store: s.Store, Grants: grants, Sealer: sealer, Events: events, Logger: logger, Now: s.clock.now,
		Settings: account.Settings{
			Signup: account.SignupOpen, SigninLifetime: 720 * time.Hour, SigninIdle: 168 * time.Hour,
			HashCost: account.HashCost{Memory: 8, Passes: 1}, // what it costs is tested in package account
		},
	})
	settings := sso.Settings{
		Issuer: s.URL, Create: sso.CreateAnyone, Timeout: 2 * time.Second, MobileRedirect: "sureapp://oauth/callback",
		Providers: []sso.Provider{{
			Name: "work", Issuer: s.IDP.URL, ClientID: openid.ClientID, ClientSecret: openid.ClientSecret, Label: "Work", Scopes: []string{"openid", "email", "profile"},
		}},
	}
	if change != nil {
		change(&settings)
	}
	s.SSO = sso.New(sso.Dependencies{Store: s.Store, People: s.People, Events: events, Now: s.clock.now, Settings: settings})
	keys, err := passkey.New(passkey.Dependencies{Store: s.Store, Issuer: s.URL, Events: events, Now: s.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(web.Dependencies{
		People: s.People, Passkeys: keys, SSO: s.SSO, Issuer: s.URL, Events: events, Logger: logger, Now: s.clock.now,
		Consents: &consent.Service{Store: s.Store, Grants: grants, Events: events, Now: s.clock.now},
	})
	if err != nil {
		t.Fatal(err)
	}
	router := mux.NewRouter()
	pages.Mount(router)
	admission, err := guard.New(guard.Options{
		Introspector: &credential.Introspector{Tokens: grants, Issuer: s.URL, Now: s.clock.now},
		Resource:     s.URL, OwnClient: authserver.FirstPartyClientID, Realm: api.Realm, Now: s.clock.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	api.New(api.Dependencies{People: s.People, SSO: s.SSO, Guard: admission, Now: s.clock.now}).Mount(router)
	router.NotFoundHandler = pages.NotFound()
	server.Config.Handler = httpserver.Chain{Now: time.Now, Logger: logger, Headers: httpserver.APIHeaders(), Render: pages.RenderError}.Wrap(router)
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// each runs fn on both engine sets.
func each(t *testing.T, change func(*sso.Settings), fn func(t *testing.T, s *site)) {
	t.Helper()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) { fn(t, newSite(t, set, change)) })
}
