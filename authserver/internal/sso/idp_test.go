package sso_test

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

const (
	clientID     = "latchkey"
	clientSecret = "provider-secret"
)

// idp is a real OpenID provider, with somebody in front of it who can make it
// lie, stall or fail.
type idp struct {
	*httptest.Server
	storage *storage.Storage

	mu       sync.Mutex
	users    map[string]*storage.User
	who      string                   // signs in at the provider
	claims   func(map[string]any)     // changes ID tokens, which are signed again
	key      *rsa.PrivateKey          // signs them instead of the provider's own
	document func(map[string]any)     // changes the discovery document
	fail     map[string]int           // path: the status it fails with
	stall    map[string]chan struct{} // path: it waits
	asked    map[string]int
}

// GetUserByID implements storage.UserStore.
func (p *idp) GetUserByID(id string) *storage.User {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.users[id]
}

// GetUserByUsername implements storage.UserStore.
func (p *idp) GetUserByUsername(name string) *storage.User { return p.GetUserByID(name) }

// ExampleClientID implements storage.UserStore.
func (p *idp) ExampleClientID() string { return "service" }

func newIDP(t *testing.T, callback string) *idp {
	t.Helper()
	p := &idp{users: map[string]*storage.User{}, fail: map[string]int{}, stall: map[string]chan struct{}{}, asked: map[string]int{}}
	p.storage = storage.NewStorageWithClients(p, map[string]*storage.Client{clientID: storage.WebClient(clientID, clientSecret, callback)})
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
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		http.Redirect(w, r, back(r.Context(), id), http.StatusFound)
	}))
	p.Config.Handler = p.front(routes)
	p.Start()
	t.Cleanup(func() {
		p.set(func() {
			for path, c := range p.stall {
				close(c)
				delete(p.stall, path)
			}
		})
		p.Close()
	})
	return p
}

func (p *idp) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *idp) current() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.who
}

// user adds somebody to the provider, who is the one to sign in there from now on.
func (p *idp) user(subject, email string, verified bool) {
	p.set(func() {
		p.who = subject
		p.users[subject] = &storage.User{
			ID: subject, Username: subject, Password: "password", FirstName: "Grace", LastName: "Hopper", Email: email, EmailVerified: verified,
		}
	})
}

func (p *idp) front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked[r.URL.Path]++
		status, stall := p.fail[r.URL.Path], p.stall[r.URL.Path]
		p.mu.Unlock()
		if stall != nil {
			select {
			case <-stall:
			case <-r.Context().Done():
			}
			return
		}
		if status != 0 {
			http.Error(w, `{"error":"invalid_grant"}`, status)
			return
		}
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		switch {
		case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
			body = p.edit(body, p.document)
		case strings.HasSuffix(r.URL.Path, "/token") && rec.Code == http.StatusOK:
			body = p.edit(body, p.resign)
		}
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(rec.Code)
		_, _ = io.Copy(w, bytes.NewReader(body))
	})
}

func (p *idp) edit(body []byte, change func(map[string]any)) []byte {
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
func (p *idp) resign(answer map[string]any) {
	p.mu.Lock()
	change, key := p.claims, p.key
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

// signIn follows an authorization request at the provider to the address it
// sends the browser back to.
func (p *idp) signIn(t *testing.T, at *url.URL) *url.URL {
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
