// Package openid is an OpenID provider for tests: a real one (zitadel/oidc), with
// somebody in front of it who can make it lie, stall or fail. Test only.
package openid

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// What every Provider knows its one client by.
const (
	ClientID     = "latchkey"
	ClientSecret = "provider-secret"
)

// Provider is at its URL, which is its issuer. Change its fields inside Set only.
type Provider struct {
	*httptest.Server
	Claims   func(map[string]any)     // changes ID tokens, which are signed again
	Key      *rsa.PrivateKey          // signs them instead of the provider's own
	Document func(map[string]any)     // changes the discovery document
	Fail     map[string]int           // path: the status it fails with
	Stall    map[string]chan struct{} // path: it waits
	Asked    map[string]int           // path: how often it was asked

	storage *storage.Storage
	clients map[string]*storage.Client
	mu      sync.Mutex
	users   map[string]*storage.User
	who     string // signs in at the provider
}

// GetUserByID implements storage.UserStore.
func (p *Provider) GetUserByID(id string) *storage.User {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.users[id]
}

// GetUserByUsername implements storage.UserStore.
func (p *Provider) GetUserByUsername(name string) *storage.User { return p.GetUserByID(name) }

// ExampleClientID implements storage.UserStore.
func (p *Provider) ExampleClientID() string { return "service" }

// New starts a provider that ends with the test. Nobody may use it
// before Allow.
func New(t testing.TB) *Provider {
	t.Helper()
	p := &Provider{
		Fail: map[string]int{}, Stall: map[string]chan struct{}{}, Asked: map[string]int{},
		users: map[string]*storage.User{}, clients: map[string]*storage.Client{},
	}
	p.storage = storage.NewStorageWithClients(p, p.clients)
	p.Server = httptest.NewUnstartedServer(nil)
	issuer := "http://" + p.Listener.Addr().String()
	config := &op.Config{CodeMethodS256: true, AuthMethodPost: true, SupportedScopes: []string{"openid", "profile", "email"}}
	_, _ = rand.Read(config.CryptoKey[:])
	provider, err := op.NewProvider(config, p.storage, op.StaticIssuer(issuer), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	routes := http.NewServeMux()
	routes.Handle("/", provider)
	back := op.AuthCallbackURL(provider)
	routes.Handle("/login/username", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Query().Get("authRequestID")
		if err := p.storage.CheckUsernamePassword(p.current(), "password", id); err != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		http.Redirect(w, r, back(r.Context(), id), http.StatusFound)
	}))
	p.Config.Handler = p.front(routes)
	p.Start()
	t.Cleanup(func() {
		p.Set(func() {
			for path, c := range p.Stall {
				close(c)
				delete(p.Stall, path)
			}
		})
		p.Close()
	})
	return p
}

// Allow registers the client with the address it is sent back to.
func (p *Provider) Allow(callback string) {
	p.clients[ClientID] = storage.WebClient(ClientID, ClientSecret, callback)
}

// Set changes the provider while it runs.
func (p *Provider) Set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *Provider) current() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.who
}

// Person adds somebody to the provider, who is the one to sign in there from now on.
func (p *Provider) Person(subject, email string, verified bool) {
	p.Set(func() {
		p.who = subject
		p.users[subject] = &storage.User{
			ID: subject, Username: subject, Password: "password", FirstName: "Grace", LastName: "Hopper", Email: email, EmailVerified: verified,
		}
	})
}

func (p *Provider) front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.Asked[r.URL.Path]++
		status, stall, document := p.Fail[r.URL.Path], p.Stall[r.URL.Path], p.Document
		p.mu.Unlock()
		if stall != nil {
			select {
			case <-stall:
			case <-r.Context().Done():
			}
			return
		}
		if status != 0 {
			w.WriteHeader(status)
			return
		}
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		switch {
		case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
			body = edit(body, document)
		case strings.HasSuffix(r.URL.Path, "/token") && rec.Code == http.StatusOK:
			body = edit(body, p.resign)
		}
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(rec.Code)
		_, _ = io.Copy(w, bytes.NewReader(body))
	})
}

func edit(body []byte, change func(map[string]any)) []byte {
	if change == nil {
		return body
	}
	var all map[string]any
	if json.Unmarshal(body, &all) != nil {
		return body
	}
	change(all)
	out, _ := json.Marshal(all)
	return out
}

// resign changes the ID token's claims and signs it as the provider does, or
// with another key.
func (p *Provider) resign(answer map[string]any) {
	p.mu.Lock()
	change, key := p.Claims, p.Key
	p.mu.Unlock()
	text, ok := answer["id_token"].(string)
	if !ok || change == nil && key == nil {
		return
	}
	parsed, err := jose.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return
	}
	var claims map[string]any
	_ = json.Unmarshal(parsed.UnsafePayloadWithoutVerification(), &claims)
	if change != nil {
		change(claims)
	}
	own, err := p.storage.SigningKey(context.Background())
	if err != nil {
		return
	}
	signing := jose.SigningKey{Algorithm: jose.RS256, Key: &jose.JSONWebKey{Key: own.Key(), KeyID: own.ID()}}
	if key != nil {
		signing.Key = &jose.JSONWebKey{Key: key, KeyID: own.ID()}
	}
	signer, err := jose.NewSigner(signing, nil)
	if err != nil {
		return
	}
	raw, _ := json.Marshal(claims)
	signed, err := signer.Sign(raw)
	if err != nil {
		return
	}
	answer["id_token"], _ = signed.CompactSerialize()
}

// SignIn follows an authorization request at the provider to the address it
// sends the browser back to.
func (p *Provider) SignIn(t testing.TB, at *url.URL) *url.URL {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 5 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		to, err := res.Location()
		if err != nil {
			t.Fatalf("the provider answered %d %s", res.StatusCode, body)
		}
		if at = to; "http://"+at.Host != p.URL {
			return at
		}
	}
	t.Fatal("the provider sent the browser around in circles")
	return nil
}
