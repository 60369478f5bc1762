package guard_test

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
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/cache"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/guard"
)

const (
	apiURL   = "https://api.example.test"
	metadata = apiURL + "/.well-known/oauth-protected-resource"
)

// vouch is an authorization server that knows some credentials.
type vouch struct {
	mu     sync.Mutex
	known  map[string]introspection.Answer
	err    error
	asked  atomic.Int32
	nobody introspection.Answer
}

func (v *vouch) Introspect(_ context.Context, token secret.Token) (introspection.Answer, error) {
	v.asked.Add(1)
	v.mu.Lock()
	defer v.mu.Unlock()
	if a, ok := v.known[token.Reveal()]; ok && v.err == nil {
		return a, nil
	}
	return v.nobody, v.err
}

// token makes a credential that the server answers a for, with the rest filled in.
func (v *vouch) token(kind secret.Kind, a introspection.Answer) string {
	text := secret.New(kind).Reveal()
	a.CredentialID = "cred-" + text[len(text)-4:]
	if a.CredentialKind == "" {
		a.CredentialKind = introspection.KindAccessToken
		if kind == secret.APIKey {
			a.CredentialKind = introspection.KindAPIKey
		}
	}
	v.known[text] = a
	return text
}

func good(scopes string) introspection.Answer {
	return introspection.Answer{
		Active: true, Scope: scopes, UserID: "user-1", FamilyID: "family-1", ClientID: "client-1", Tier: "standard",
	}
}

type fixture struct {
	*vouch
	url  string
	log  lockedBuffer
	read atomic.Int32 // requests whose body was read
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func start(t *testing.T, limiter ratelimit.Limiter) *fixture {
	t.Helper()
	f := &fixture{vouch: &vouch{known: map[string]introspection.Answer{}}}
	g, err := guard.New(guard.Options{
		Introspector: f.vouch, Limiter: limiter, Resource: apiURL + "/", MetadataURL: metadata, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	show := func(w http.ResponseWriter, r *http.Request) error {
		p, _ := resourceapi.PrincipalFrom(r.Context())
		apierror.JSON(w, r, http.StatusOK, map[string]string{"family": p.FamilyID, "scope": p.Scope.String()})
		return nil
	}
	write := func(w http.ResponseWriter, r *http.Request) error {
		f.read.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		return show(w, r)
	}
	router := mux.NewRouter()
	router.Use(g.Authenticate)
	router.Handle("/things", httpserver.Handle(g.Require(scope.Read, "read", show), apierror.Write)).Methods("GET")
	router.Handle("/things", httpserver.Handle(g.Require(scope.ReadWrite, "write", write), apierror.Write)).Methods("POST", "PATCH", "DELETE")
	chain := httpserver.Chain{
		Now: time.Now, Logger: slog.New(slog.NewJSONHandler(&f.log, nil)), Render: apierror.Write, Headers: httpserver.APIHeaders(),
	}
	s := httptest.NewServer(chain.Wrap(router))
	t.Cleanup(s.Close)
	f.url = s.URL
	return f
}

type answer struct {
	status  int
	header  http.Header
	Error   string         `json:"error"`
	Message string         `json:"message"`
	Details map[string]int `json:"details"`
}

func (f *fixture) do(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	a := answer{status: res.StatusCode, header: res.Header}
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		t.Fatalf("%d: %v", res.StatusCode, err)
	}
	return a
}

func TestS40ErrorsFollowRFC6750(t *testing.T) {
	f := start(t, nil)
	ok, key := f.token(secret.AccessToken, good("read")), f.token(secret.APIKey, good("read"))
	with := func(change func(*introspection.Answer)) introspection.Answer {
		a := good("read")
		change(&a)
		return a
	}
	tests := []struct {
		name    string
		headers []string
		bare    bool // a challenge without an error
		message string
		lookups int32
	}{
		{"no credential", nil, true, "Access token or API key is invalid, expired, or missing", 0},
		{"unknown token", bearer(secret.New(secret.AccessToken).Reveal()), false, "Access token is invalid, expired, or missing required scope", 1},
		{"unknown key", apiKey(secret.New(secret.APIKey).Reveal()), false, "Access token or API key is invalid, expired, or missing", 1},
		{"malformed token", bearer("oat_x"), false, "Access token is invalid, expired, or missing required scope", 0},
		{"malformed key", apiKey("key_x"), false, "Access token or API key is invalid, expired, or missing", 0},
		{"refresh token", bearer(secret.New(secret.RefreshToken).Reveal()), false, "Access token is invalid, expired, or missing required scope", 0},
		{"both", append(bearer(ok), apiKey(key)...), false, "Send either an Authorization header or an X-Api-Key header, not both", 0},
		{"key in Authorization", bearer(key), false, "Send API keys in the X-Api-Key header, not in Authorization", 0},
		{"deactivated", bearer(f.token(secret.AccessToken, introspection.Answer{Reason: introspection.ReasonDeactivated})), false, "Account has been deactivated", 1},
		{"deactivated, key", apiKey(f.token(secret.APIKey, introspection.Answer{Reason: introspection.ReasonDeactivated})), false, "Account has been deactivated", 1},
		{"expired", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.Exp = 1 }))), false, "Access token is invalid, expired, or missing required scope", 1},
		{"no scope", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.Scope = "" }))), false, "Access token is invalid, expired, or missing required scope", 1},
		{"unknown scope", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.Scope = "admin" }))), false, "Access token is invalid, expired, or missing required scope", 1},
		{"no family", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.FamilyID = "" }))), false, "Access token is invalid - missing resource owner", 1},
		{"another audience", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.Aud = "https://other.test" }))), false, "Access token is invalid, expired, or missing required scope", 1},
		{"a token that is really a key", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.CredentialKind = introspection.KindAPIKey }))), false, "Access token is invalid, expired, or missing required scope", 1},
		{"outside its networks", apiKey(f.token(secret.APIKey, with(func(a *introspection.Answer) { a.AllowedCIDRs = []string{"203.0.113.0/24"} }))), false, "Access token or API key is invalid, expired, or missing", 1},
		{"networks that cannot be read", apiKey(f.token(secret.APIKey, with(func(a *introspection.Answer) { a.AllowedCIDRs = []string{"everywhere"} }))), false, "Access token or API key is invalid, expired, or missing", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := f.asked.Load()
			a := f.do(t, "GET", "/things", "", tt.headers...)
			if a.status != 401 || a.Error != "unauthorized" || a.Message != tt.message {
				t.Errorf("%d %s %q", a.status, a.Error, a.Message)
			}
			challenge := a.header["Www-Authenticate"]
			if len(challenge) != 1 || !strings.HasPrefix(challenge[0], "Bearer ") || !strings.Contains(challenge[0], `resource_metadata="`+metadata+`"`) {
				t.Errorf("challenge %q", challenge)
			}
			if tt.bare && challenge[0] != `Bearer resource_metadata="`+metadata+`"` || !tt.bare && !strings.Contains(challenge[0], `error="invalid_token"`) {
				t.Errorf("challenge %q", challenge)
			}
			if got := f.asked.Load() - before; got != tt.lookups {
				t.Errorf("%d lookups, want %d", got, tt.lookups)
			}
			if a.header.Get("Cache-Control") != "no-store" {
				t.Error("the refusal can be cached")
			}
		})
	}
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }
func apiKey(key string) []string   { return []string{"X-Api-Key", key} }

func TestGoodCredentialsGetIn(t *testing.T) {
	f := start(t, nil)
	bound, near := good("read_write"), good("read_write")
	bound.Aud = apiURL
	near.AllowedCIDRs = []string{"203.0.113.0/24", "127.0.0.0/8", "::1/128"}
	for name, headers := range map[string][]string{
		"token":                  bearer(f.token(secret.AccessToken, good("read"))),
		"token, lower case":      {"authorization", "bearer " + f.token(secret.AccessToken, good("read"))},
		"key":                    apiKey(f.token(secret.APIKey, good("read"))),
		"audience":               bearer(f.token(secret.AccessToken, bound)),
		"from inside its list":   apiKey(f.token(secret.APIKey, near)),
		"read_write satisfies":   bearer(f.token(secret.AccessToken, good("read_write"))),
		"both scopes":            bearer(f.token(secret.AccessToken, good("read read_write"))),
		"a blank second header":  append(apiKey(f.token(secret.APIKey, good("read"))), "Authorization", ""),
		"blanks around are fine": apiKey("  " + f.token(secret.APIKey, good("read")) + " "),
	} {
		if a := f.do(t, "GET", "/things", "", headers...); a.status != 200 {
			t.Errorf("%s: %d %s", name, a.status, a.Message)
		}
	}
}

func TestS41ReadCannotWrite(t *testing.T) {
	f := start(t, nil)
	for _, headers := range [][]string{
		bearer(f.token(secret.AccessToken, good("read"))), apiKey(f.token(secret.APIKey, good("read"))),
	} {
		for _, method := range []string{"POST", "PATCH", "DELETE"} {
			a := f.do(t, method, "/things", `{"a":1}`, headers...)
			if a.status != 403 || a.Error != "insufficient_scope" || a.Message != "This action requires the 'write' scope" {
				t.Errorf("%s: %d %s %q", method, a.status, a.Error, a.Message)
			}
			challenge := a.header.Get("WWW-Authenticate")
			if !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, `scope="read_write"`) {
				t.Errorf("challenge %q", challenge)
			}
		}
	}
	if f.read.Load() != 0 {
		t.Error("the body of a refused request was read")
	}
	if a := f.do(t, "POST", "/things", `{}`, bearer(f.token(secret.AccessToken, good("read_write")))...); a.status != 200 {
		t.Errorf("read_write: %d", a.status)
	}
}

func TestS39BearerOnlyInTheHeader(t *testing.T) {
	f := start(t, nil)
	token := f.token(secret.AccessToken, good("read_write"))
	key := f.token(secret.APIKey, good("read_write"))
	for _, a := range []answer{
		f.do(t, "GET", "/things?access_token="+token, ""),
		f.do(t, "GET", "/things?access_token="+token, "", bearer(token)...),
		f.do(t, "GET", "/things?api_key="+key, ""),
		f.do(t, "POST", "/things", "access_token="+token, "Content-Type", "application/x-www-form-urlencoded"),
		f.do(t, "GET", "/things", "", "X-Request-Id", token),
		f.do(t, "GET", "/things", "", "Cookie", "access_token="+token),
	} {
		if a.status != 401 {
			t.Errorf("%d %s", a.status, a.Message)
		}
	}
	for _, s := range []string{token, key} {
		if strings.Contains(f.log.String(), s) {
			t.Error("a credential is in the log")
		}
	}
	if f.asked.Load() != 0 {
		t.Error("a credential from the wrong place was looked up")
	}
}

func TestNobodyCanSayMeansTryAgain(t *testing.T) {
	f := start(t, nil)
	f.err = fault.New(fault.Unavailable, "The service is temporarily unavailable. Try again later.").WithRetryAfter(time.Second)
	a := f.do(t, "GET", "/things", "", bearer(f.token(secret.AccessToken, good("read")))...)
	if a.status != 503 || a.header.Get("Retry-After") != "1" || a.header.Get("WWW-Authenticate") != "" {
		t.Errorf("%d %v", a.status, a.header)
	}
}

func TestRequireAloneLetsNobodyIn(t *testing.T) {
	g, err := guard.New(guard.Options{Introspector: &vouch{}, Now: time.Now, MetadataURL: metadata})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h := g.Require(scope.Read, "read", func(http.ResponseWriter, *http.Request) error { t.Error("let in"); return nil })
	if err := h(w, httptest.NewRequest("GET", "/", nil)); !fault.Is(err, fault.Unauthenticated) || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("%v", err)
	}
}

// limiters runs f with a limiter in process and one in Redis.
func limiters(t *testing.T, f func(t *testing.T, l ratelimit.Limiter)) {
	open := func(t *testing.T, url string) ratelimit.Limiter {
		s, err := cache.Open(url, cache.Options{Now: time.Now, Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		l, err := ratelimit.New(s, ratelimit.Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler), Policy: ratelimit.Refuse})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	t.Run("memory", func(t *testing.T) { f(t, open(t, "")) })
	t.Run("redis", func(t *testing.T) { f(t, open(t, testenv.Redis(t))) })
}

func TestLimitsOverHTTP(t *testing.T) {
	limiters(t, func(t *testing.T, l ratelimit.Limiter) {
		f := start(t, l)
		key := f.token(secret.APIKey, good("read"))
		a := f.do(t, "GET", "/things", "", apiKey(key)...)
		for name, want := range map[string]string{
			"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "99", "RateLimit-Policy": `"standard";q=100;w=3600`,
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		if a := f.do(t, "POST", "/things", "{}", apiKey(key)...); a.status != 403 || a.header.Get("X-RateLimit-Remaining") != "98" {
			t.Errorf("a refusal for scope: %d, remaining %q", a.status, a.header.Get("X-RateLimit-Remaining"))
		}
		var (
			wg             sync.WaitGroup
			passed, denied atomic.Int32
		)
		room := make(chan struct{}, 64) // connections at a time
		for range 1000 {
			wg.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				switch f.do(t, "GET", "/things", "", apiKey(key)...).status {
				case 200:
					passed.Add(1)
				case 429:
					denied.Add(1)
				}
			})
		}
		wg.Wait()
		if passed.Load() != 98 || denied.Load() != 902 {
			t.Errorf("%d passed and %d were denied of 1000, with 98 left", passed.Load(), denied.Load())
		}
		a = f.do(t, "GET", "/things", "", apiKey(key)...)
		if a.status != 429 || a.Error != "rate_limit_exceeded" || a.header.Get("X-RateLimit-Remaining") != "0" {
			t.Errorf("%d %s %v", a.status, a.Error, a.header)
		}
		if a.Details["limit"] != 100 || a.Details["current"] != 100 || a.Details["reset_in_seconds"] < 1 || a.Details["reset_in_seconds"] > 3600 ||
			a.header.Get("Retry-After") != a.header.Get("X-RateLimit-Reset") {
			t.Errorf("%v %v", a.Details, a.header)
		}
		// Another key of the same user has its own count; tokens share theirs by user and client.
		if a := f.do(t, "GET", "/things", "", apiKey(f.token(secret.APIKey, good("read")))...); a.status != 200 {
			t.Errorf("another key: %d", a.status)
		}
		for i, want := range []string{"9999", "9998"} {
			a := f.do(t, "GET", "/things", "", bearer(f.token(secret.AccessToken, good("read")))...)
			if a.status != 200 || a.header.Get("X-RateLimit-Remaining") != want {
				t.Errorf("token %d: %d %v", i, a.status, a.header)
			}
		}
		unlimited := good("read")
		unlimited.Tier = "unlimited"
		if a := f.do(t, "GET", "/things", "", apiKey(f.token(secret.APIKey, unlimited))...); a.header.Get("X-RateLimit-Limit") != "Infinity" {
			t.Errorf("unlimited: %v", a.header)
		}
	})
}
