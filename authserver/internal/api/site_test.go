package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
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
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/credential"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/oauth"
	"latchkey/authserver/internal/store"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/cache"
	"latchkey/pkg/database"
	"latchkey/pkg/guard"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/described"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// site is the JSON API with the real OAuth server, store and limiter behind a
// real listener.
type site struct {
	URL    string
	DB     *database.DB
	Store  *store.Store
	OAuth  *oauth.Server
	Grants *grant.Service
	People *account.Service
	HTTP   *http.Client // holds every exchange against the description
	clock  *clock
}

var description = described.File("openapi.yaml")

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

func settings() account.Settings {
	return account.Settings{
		Signup: account.SignupOpen, SigninLifetime: 720 * time.Hour, SigninIdle: 168 * time.Hour,
		HashCost: account.HashCost{Memory: 8, Passes: 1}, // what it costs is tested in package account
	}
}

func newSite(t *testing.T, set testenv.Set, settings account.Settings) *site {
	t.Helper()
	redis := ""
	if set == testenv.Production && settings.Throttles.SigninAccount != nil {
		redis = testenv.Redis(t)
	}
	db := storetest.Open(t, set)
	s := &site{DB: db, Store: store.New(db), HTTP: description.Client(t), clock: &clock{}}
	if err := s.Store.EnsureFirstParty(t.Context(), s.clock.now()); err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	events := &event.Recorder{Store: s.Store, Logger: logger, Now: s.clock.now}
	s.Grants = grant.New(grant.Dependencies{
		Store: s.Store, Events: events, Logger: logger, Now: s.clock.now,
		Settings: grant.Settings{
			AccessLifetime: 8760 * time.Hour, RefreshLifetime: 8760 * time.Hour, RetryWindow: time.Minute, CodeLifetime: time.Minute,
		},
	})
	s.OAuth = oauth.New(oauth.Dependencies{
		Grants: s.Grants, Requesting: oauth.RequestingClients{Clients: oauth.NewClientCache(s.Store, 0, s.clock.now)}, Now: s.clock.now, Issuer: "http://auth.example",
	})
	shared, err := cache.Open(redis, cache.Options{Now: s.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shared.Close() })
	limiter, err := ratelimit.New(shared, ratelimit.Options{Now: s.clock.now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := account.NewSealer(account.NewSealKey())
	if err != nil {
		t.Fatal(err)
	}
	s.People = account.New(account.Dependencies{
		Store: s.Store, Grants: s.Grants, Limiter: limiter, Sealer: sealer, Events: events, Logger: logger, Now: s.clock.now, Settings: settings,
	})
	admission, err := guard.New(guard.Options{
		Introspector: &credential.Introspector{Tokens: s.Grants, Keys: s.Store, Issuer: "http://auth.example", Now: s.clock.now},
		Resource:     "http://auth.example", OwnClient: authserver.FirstPartyClientID, Realm: api.Realm, Now: s.clock.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	keys := &apikey.Service{Store: s.Store, Publisher: (*introspection.Publisher)(nil), Tiers: ratelimit.DefaultTiers(), Events: events, Now: s.clock.now}
	router := mux.NewRouter()
	api.New(api.Dependencies{People: s.People, Recovery: &account.Recovery{People: s.People, Links: s.Store}, Keys: keys, Guard: admission, ResourceServers: s.OAuth, Now: s.clock.now}).Mount(router)
	server := httptest.NewServer(httpserver.Chain{Now: time.Now, Logger: logger, Render: api.Render}.Wrap(router))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// answer is what the API said.
type answer struct {
	Status int
	Header http.Header
	Body   map[string]any
	Raw    string
}

func (a *answer) text(name string) string {
	text, _ := a.Body[name].(string)
	return text
}

func (s *site) send(t *testing.T, method, path, kind string, body []byte, header ...string) *answer {
	t.Helper()
	a, err := s.trySend(t.Context(), method, path, kind, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (s *site) trySend(ctx context.Context, method, path, kind string, body []byte, header ...string) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := s.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(res.Body)
	a := &answer{Status: res.StatusCode, Header: res.Header, Raw: strings.TrimSpace(string(raw))}
	_ = json.Unmarshal(raw, &a.Body) // what is no JSON fails where it is looked at
	return a, err
}

type object = map[string]any

func (s *site) post(t *testing.T, path string, body object) *answer {
	t.Helper()
	return s.send(t, http.MethodPost, path, "application/json", encode(t, body))
}

func encode(t *testing.T, body object) []byte {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (s *site) as(t *testing.T, token, method, path string) *answer {
	t.Helper()
	return s.send(t, method, path, "", nil, "Authorization", "Bearer "+token)
}

const password = "Secret-1234!"

func device(id string) object {
	return object{"device_id": id, "device_name": "Phone", "device_type": "ios", "os_version": "18", "app_version": "1.2"}
}

func signup(email string) object {
	return object{"user": object{"email": email, "password": password, "first_name": "Ada"}, "device": device("d1")}
}

// member signs somebody up and returns the answer.
func (s *site) member(t *testing.T, email string) *answer {
	t.Helper()
	a := s.post(t, "/api/v1/auth/signup", signup(email))
	if a.Status != http.StatusCreated {
		t.Fatalf("sign up: %d %s", a.Status, a.Raw)
	}
	return a
}

func (s *site) login(t *testing.T, email, deviceID string) *answer {
	t.Helper()
	return s.post(t, "/api/v1/auth/login", object{"email": email, "password": password, "device": device(deviceID)})
}

// live reports whether a token opens the API.
func (s *site) live(t *testing.T, token string) bool {
	t.Helper()
	return s.as(t, token, http.MethodGet, "/api/v1/devices").Status == http.StatusOK
}
