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
	"latchkey/pkg/fault"
	"latchkey/pkg/guard"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
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
	if a.CredentialKind == introspection.KindAPIKey && a.Source == "" {
		a.Source = "web"
	}
	v.known[text] = a
	return text
}

func good(scopes string) introspection.Answer {
	return introspection.Answer{
		Active: true, Scope: scopes, UserID: "user-1", FamilyID: "family-1", Role: "admin", ClientID: "client-1", Tier: "standard",
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

// start serves an API behind the guard that resourceapi has.
func start(t *testing.T, limiter ratelimit.Limiter) *fixture {
	t.Helper()
	return serve(t, guard.Options{Limiter: limiter, Resource: apiURL + "/", MetadataURL: metadata})
}

// serve serves an API behind a guard with these options; who vouches is filled in.
func serve(t *testing.T, opts guard.Options) *fixture {
	t.Helper()
	f := &fixture{vouch: &vouch{known: map[string]introspection.Answer{}}}
	opts.Introspector, opts.Now = f.vouch, time.Now
	g, err := guard.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	show := func(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
		apierror.JSON(w, r, http.StatusOK, map[string]string{"family": p.FamilyID, "scope": p.Scope.String(), "role": p.Role})
		return nil
	}
	write := func(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
		f.read.Add(1)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return err
		}
		return show(w, r, p)
	}
	router := mux.NewRouter()
	handle := func(path string, need guard.Requirement, h guard.Handler, methods ...string) {
		router.Handle(path, httpserver.Handle(g.Admit(need, h), apierror.WriteSentence)).Methods(methods...)
	}
	handle("/things", guard.Requirement{Scope: scope.Read}, show, "GET")
	handle("/things", guard.Requirement{Scope: scope.ReadWrite}, write, "POST", "PATCH", "DELETE")
	handle("/tags", guard.Requirement{Scope: scope.ReadWrite}, write, "POST")
	handle("/tokens", guard.Requirement{Scope: scope.Read, OnlyTokens: errNoKeys}, show, "GET")
	handle("/own", guard.Requirement{Scope: scope.ReadWrite, OnlyOwnApps: errOwnApps}, write, "POST")
	handle("/own/keys", guard.Requirement{Scope: scope.ReadWrite, OnlyTokens: errNoKeys, OnlyOwnApps: errOthers}, write, "POST")
	chain := httpserver.Chain{
		Now: time.Now, Logger: slog.New(slog.NewJSONHandler(&f.log, nil)), Render: apierror.Write, Headers: httpserver.APIHeaders(),
	}
	s := httptest.NewServer(chain.Wrap(router))
	t.Cleanup(s.Close)
	f.url = s.URL
	return f
}

var (
	errNoKeys  = fault.New(fault.Forbidden, "No API keys here")
	errOwnApps = fault.New(fault.Forbidden, "Own apps only")
	errOthers  = guard.InsufficientScope("Others may not")
)

type answer struct {
	status  int
	header  http.Header
	raw     string
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
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, raw: strings.TrimSpace(string(raw))}
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatalf("%d: %v", res.StatusCode, err)
	}
	return a
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

func apiKey(key string) []string { return []string{"X-Api-Key", key} }
