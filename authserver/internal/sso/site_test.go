package sso_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"github.com/pquerna/otp/totp"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/api"
	"latchkey/authserver/internal/oauth"
	"latchkey/authserver/internal/passkey"
	"latchkey/authserver/internal/sso"
	"latchkey/authserver/internal/store"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/database"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

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
	IDP    *idp
	clock  *clock
}

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

type noTombstones struct{}

func (noTombstones) Write(context.Context, []secret.Digest, string) {}

func newSite(t *testing.T, set testenv.Set, change func(*sso.Settings)) *site {
	t.Helper()
	address := "sqlite:" + filepath.Join(t.TempDir(), "auth.db")
	if set == testenv.Production {
		address = testenv.Postgres(t)
	}
	db, err := database.Open(t.Context(), address, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &site{T: t, DB: db, Store: store.New(db), clock: &clock{}}
	if err := s.Store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Store.EnsureFirstParty(t.Context(), s.clock.now()); err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	server := httptest.NewUnstartedServer(nil)
	s.URL = "http://" + server.Listener.Addr().String()
	s.IDP = newIDP(t, s.URL+"/auth/work/callback")
	s.OAuth = oauth.New(oauth.Dependencies{
		Store: s.Store, Tombstones: noTombstones{}, Logger: logger, Now: s.clock.now,
		Settings: oauth.Settings{Issuer: s.URL, AccessLifetime: time.Hour, RefreshLifetime: time.Hour, CodeLifetime: time.Minute},
	})
	sealer, err := account.NewSealer(account.NewSealKey())
	if err != nil {
		t.Fatal(err)
	}
	s.People = account.New(account.Dependencies{
		Store: s.Store, Chains: s.OAuth, Sealer: sealer, Logger: logger, Now: s.clock.now,
		Settings: account.Settings{Signup: account.SignupOpen, SigninLifetime: 720 * time.Hour, SigninIdle: 168 * time.Hour},
	})
	settings := sso.Settings{
		Issuer: s.URL, Create: sso.CreateAnyone, Timeout: 2 * time.Second, MobileRedirect: "sureapp://oauth/callback",
		Providers: []sso.Provider{{
			Name: "work", Issuer: s.IDP.URL, ClientID: clientID, ClientSecret: clientSecret, Label: "Work", Scopes: []string{"openid", "email", "profile"},
		}},
	}
	if change != nil {
		change(&settings)
	}
	s.SSO = sso.New(sso.Dependencies{Store: s.Store, People: s.People, Logger: logger, Now: s.clock.now, Settings: settings})
	keys, err := passkey.New(passkey.Dependencies{Store: s.Store, Issuer: s.URL, Logger: logger, Now: s.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(web.Dependencies{People: s.People, Passkeys: keys, SSO: s.SSO, Issuer: s.URL, Logger: logger, Now: s.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	router := mux.NewRouter()
	pages.Mount(router)
	api.New(api.Dependencies{People: s.People, SSO: s.SSO, Credentials: s.OAuth, Issuer: s.URL, Now: s.clock.now}).Mount(router)
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

type object = map[string]any

// answer is what the API said.
type answer struct {
	Status int
	Body   object
	Raw    string
}

func (a *answer) text(name string) string {
	text, _ := a.Body[name].(string)
	return text
}

func (s *site) post(path string, body object) *answer {
	s.Helper()
	a, err := s.tryPost(path, body)
	if err != nil {
		s.Fatal(err)
	}
	return a
}

func (s *site) tryPost(path string, body object) (*answer, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.URL+"/api/v1/auth/"+path, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	out, err := io.ReadAll(res.Body)
	a := &answer{Status: res.StatusCode, Raw: strings.TrimSpace(string(out))}
	_ = json.Unmarshal(out, &a.Body) // what is no JSON fails where it is looked at
	return a, err
}

// want fails unless the API said exactly this.
func (s *site) want(a *answer, status int, body string) {
	s.Helper()
	if a.Status != status || a.Raw != body {
		s.Errorf("%d %s, want %d %s", a.Status, a.Raw, status, body)
	}
}

// opens fails unless the API gave tokens that work, and returns the access token.
func (s *site) opens(a *answer) string {
	s.Helper()
	token := a.text("access_token")
	if a.Status != http.StatusOK || a.text("refresh_token") == "" || a.text("token_type") != "Bearer" || a.Body["user"] == nil {
		s.Fatalf("%d %s", a.Status, a.Raw)
	}
	if _, err := s.OAuth.Authenticate(s.Context(), token); err != nil {
		s.Fatalf("the access token opens nothing: %v", err)
	}
	return token
}

// member signs somebody up with a password.
func (s *site) member(email string) *authserver.User {
	s.Helper()
	u, err := s.People.SignUp(s.Context(), account.Signup{Email: email, Password: password}, account.Visitor{},
		func(context.Context, *authserver.User) error { return nil })
	if err != nil {
		s.Fatal(err)
	}
	return u
}

// secondFactor gives a user one and returns what shows its codes, steps from now.
func (s *site) secondFactor(u *authserver.User) func(steps int) string {
	s.Helper()
	setup, err := s.People.BeginSecondFactor(s.Context(), u)
	if err != nil {
		s.Fatal(err)
	}
	code := func(steps int) string {
		code, err := totp.GenerateCode(strings.ReplaceAll(setup.Key, " ", ""), s.clock.now().Add(time.Duration(steps)*30*time.Second))
		if err != nil {
			s.Fatal(err)
		}
		return code
	}
	if _, err := s.People.ConfirmSecondFactor(s.Context(), u, code(-1)); err != nil {
		s.Fatal(err)
	}
	return code
}

const device = "device_id=d1&device_name=Phone&device_type=ios&os_version=18&app_version=2"

// app opens the browser as an app does, with further parameters, signs in at the
// provider, and returns the page after it and the browser.
func (s *site) app(more string) (*testenv.Page, *testenv.Browser) {
	s.Helper()
	b := testenv.NewBrowser(s.URL)
	return s.roundtrip(b, "/auth/mobile/work?"+device+more), b
}

func (s *site) roundtrip(b *testenv.Browser, path string) *testenv.Page {
	s.Helper()
	return s.get(b, s.IDP.signIn(s.T, s.depart(b, path)).String())
}

// depart returns where the provider is asked.
func (s *site) depart(b *testenv.Browser, path string) *url.URL {
	s.Helper()
	page := s.get(b, path)
	if page.Left == nil || "http://"+page.Left.Host != s.IDP.URL {
		s.Fatalf("%s did not lead to the provider: %d %v %s", path, page.Status, page.Left, page.Text())
	}
	return page.Left
}

func (s *site) get(b *testenv.Browser, target string) *testenv.Page {
	s.Helper()
	page, err := b.Get(s.Context(), target)
	if err != nil {
		s.Fatal(err)
	}
	return page
}

// submit fills in the page's form that has the fields and sends it.
func (s *site) submit(b *testenv.Browser, page *testenv.Page, values map[string]string, fields ...string) *testenv.Page {
	s.Helper()
	form, err := page.Form(fields...)
	if err != nil {
		s.Fatal(err)
	}
	form.Fill(values)
	next, err := b.Submit(s.Context(), page, form, "", "")
	if err != nil {
		s.Fatal(err)
	}
	return next
}

// told returns what the app was told, and fails unless it was told anything.
func (s *site) told(page *testenv.Page) url.Values {
	s.Helper()
	if page.Left == nil || !strings.HasPrefix(page.Left.String(), "sureapp://oauth/callback?") {
		s.Fatalf("the app was told nothing: %d %v %s", page.Status, page.Left, page.Text())
	}
	return page.Left.Query()
}

func (s *site) code(page *testenv.Page) string {
	s.Helper()
	q := s.told(page)
	if q.Get("code") == "" {
		s.Fatalf("the app got no code: %v", q)
	}
	return q.Get("code")
}

func (s *site) linkingCode(page *testenv.Page) string {
	s.Helper()
	q := s.told(page)
	if q.Get("status") != "account_not_linked" || q.Get("linking_code") == "" {
		s.Fatalf("the app got no linking code: %v", q)
	}
	return q.Get("linking_code")
}

// linked makes a user who is connected with the provider's current person.
func (s *site) linked(email string) *authserver.User {
	s.Helper()
	u := s.member(email)
	page, _ := s.app("")
	s.opens(s.post("sso_link", object{"linking_code": s.linkingCode(page), "email": email, "password": password}))
	return u
}

// count runs a statement that counts.
func (s *site) count(text string, args ...any) int {
	s.Helper()
	var n int
	if err := s.DB.QueryRow(s.Context(), text, args...).Scan(&n); err != nil {
		s.Fatal(err)
	}
	return n
}

// together runs fn n times at once.
func together(n int, fn func()) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for range n {
		all.Go(func() {
			<-start
			fn()
		})
	}
	close(start)
	all.Wait()
}
