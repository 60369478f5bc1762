package web_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/passkey"
	"latchkey/authserver/internal/store"
	"latchkey/authserver/internal/storetest"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/database"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/scope"
	"latchkey/pkg/testenv"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// site is the pages with a real store behind a real listener.
type site struct {
	URL    string
	Store  *store.Store
	Grants *grant.Service
	DB     *database.DB
	People *account.Service
	Pages  *web.Server
	clock  *clock
	events *event.Recorder
	mail   *mailbox

	signins account.Dependencies // what People is made of
}

type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

func settings() account.Settings {
	return account.Settings{
		Emails: true,
		Signup: account.SignupOpen, SigninLifetime: 30 * 24 * time.Hour, SigninIdle: 7 * 24 * time.Hour,
		HashCost: account.HashCost{Memory: 8, Passes: 1}, // what it costs is tested in package account
	}
}

// newSite is a site with settings and whatever change does to what its pages
// depend on.
func newSite(t *testing.T, set testenv.Set, settings account.Settings, change ...func(s *site, d *web.Dependencies)) *site {
	t.Helper()
	db := storetest.Open(t, set)
	s := &site{DB: db, Store: store.New(db), clock: &clock{}, mail: &mailbox{}}
	logger := slog.New(slog.DiscardHandler)
	s.events = &event.Recorder{Store: s.Store, Logger: logger, Now: s.clock.now, From: func(ctx context.Context) authserver.Origin {
		from := authserver.Origin{UserAgent: httpserver.UserAgent(ctx), RequestID: httpserver.RequestID(ctx)}
		if addr := httpserver.ClientAddr(ctx); addr.IsValid() {
			from.Address = addr.String()
		}
		return from
	}}
	emails := &account.Emails{Store: s.Store, Events: s.events, Now: s.clock.now, On: settings.Emails}
	s.events.Followers = append(s.events.Followers, emails.Notify)
	s.Grants = grant.New(grant.Dependencies{
		Store: s.Store, Events: s.events, Logger: logger, Now: s.clock.now, Settings: grant.Settings{AccessLifetime: time.Hour, RefreshLifetime: time.Hour, CodeLifetime: time.Minute},
	})
	sealer, err := account.NewSealer(account.NewSealKey())
	if err != nil {
		t.Fatal(err)
	}
	s.signins = account.Dependencies{
		Store: s.Store, Grants: s.Grants, Sealer: sealer, Events: s.events, Logger: logger, Now: s.clock.now, Settings: settings,
	}
	s.People = account.New(s.signins)
	router := mux.NewRouter()
	server := httptest.NewUnstartedServer(nil)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	s.URL = "http://localhost:" + port // browsers do passkeys at names only
	passkeys, err := passkey.New(passkey.Dependencies{Store: s.Store, Issuer: s.URL, Events: s.events, Now: s.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	pages := s.dependencies(t, passkeys, logger, router)
	for _, one := range change {
		one(s, &pages)
	}
	if s.Pages, err = web.New(pages); err != nil {
		t.Fatal(err)
	}
	s.Pages.Mount(router)
	router.NotFoundHandler = s.Pages.NotFound()
	router.HandleFunc("/oauth/authorize", s.authorize)
	server.Config.Handler = httpserver.Chain{Now: time.Now, Logger: logger, Render: s.Pages.RenderError}.Wrap(router)
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// authorize stands in for the endpoint that asks for the consent page.
func (s *site) authorize(w http.ResponseWriter, r *http.Request) {
	in, err := s.Pages.Current(r, "")
	if err != nil {
		s.Pages.RenderError(w, r, err)
		return
	}
	if in == nil {
		s.Pages.SignIn(w, r)
		return
	}
	redirect := r.URL.Query().Get("redirect_uri")
	if r.Method == http.MethodPost {
		if err := s.Pages.CheckForm(r); err != nil {
			s.Pages.RenderError(w, r, err)
			return
		}
		http.Redirect(w, r, redirect+"?decision="+r.PostForm.Get("decision"), http.StatusSeeOther)
		return
	}
	p := authserver.ConsentPage{
		Client:    &authserver.Client{ID: "c", Name: r.URL.Query().Get("name"), OwnerID: r.URL.Query().Get("owner")},
		Requested: scope.ReadWrite | scope.Read, New: scope.ReadWrite | scope.Read, RedirectURI: redirect, Signin: in,
	}
	if r.URL.Query().Has("more") {
		p.Granted, p.New = scope.Read, scope.ReadWrite
	}
	s.Pages.Consent(w, r, p)
}
