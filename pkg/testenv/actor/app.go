package actor

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// App is a third-party application: an OAuth client that keeps its tokens
// itself and talks to the services over HTTP.
type App struct {
	Issuer      string
	Client      Credential
	RedirectURI string
	HTTP        *http.Client // nil: one with a timeout
}

// Credential is a client id and, for a confidential client, its secret.
type Credential struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// Answer is what a service said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON returns the named top-level member of the answer, nil when there is none.
func (a *Answer) JSON(member string) any {
	var all map[string]any
	if json.Unmarshal(a.Body, &all) != nil {
		return nil
	}
	return all[member]
}

// Text returns the named member when it is a string.
func (a *Answer) Text(member string) string {
	s, _ := a.JSON(member).(string)
	return s
}

// String shows status and body, for messages.
func (a *Answer) String() string { return fmt.Sprintf("%d %s", a.Status, a.Body) }

// PKCE is a verifier and its S256 challenge (RFC 7636).
type PKCE struct{ Verifier, Challenge string }

// NewPKCE makes a fresh pair.
func NewPKCE() PKCE {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails on Go 1.24 and later
	verifier := base64.RawURLEncoding.EncodeToString(raw[:])
	sum := sha256.Sum256([]byte(verifier))
	return PKCE{Verifier: verifier, Challenge: base64.RawURLEncoding.EncodeToString(sum[:])}
}

// AuthorizeURL returns where the app sends the person's browser; more
// overrides parameters, an empty value removes one.
func (a *App) AuthorizeURL(pkce PKCE, scope, state string, more url.Values) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {a.Client.ID}, "redirect_uri": {a.RedirectURI},
		"code_challenge": {pkce.Challenge}, "code_challenge_method": {"S256"},
	}
	if scope != "" {
		q.Set("scope", scope)
	}
	if state != "" {
		q.Set("state", state)
	}
	for k, v := range more {
		q[k] = v
		if len(v) == 1 && v[0] == "" {
			q.Del(k)
		}
	}
	return a.Issuer + "/oauth/authorize?" + q.Encode()
}

// Exchange redeems a code.
func (a *App) Exchange(ctx context.Context, code, verifier string) (*Answer, error) {
	return a.Token(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {a.RedirectURI}, "code_verifier": {verifier},
	})
}

// Refresh asks for a new pair.
func (a *App) Refresh(ctx context.Context, refreshToken string) (*Answer, error) {
	return a.Token(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}})
}

// Revoke gives a token back.
func (a *App) Revoke(ctx context.Context, token string) (*Answer, error) {
	return a.Form(ctx, "/oauth/revoke", url.Values{"token": {token}})
}

// Introspect asks about a token; only a resource server is answered.
func (a *App) Introspect(ctx context.Context, token string) (*Answer, error) {
	return a.Form(ctx, "/oauth/introspect", url.Values{"token": {token}})
}

// Token posts form to the token endpoint.
func (a *App) Token(ctx context.Context, form url.Values) (*Answer, error) {
	return a.Form(ctx, "/oauth/token", form)
}

// Form posts form to path as this client: HTTP Basic for a confidential one,
// client_id in the body for a public one.
func (a *App) Form(ctx context.Context, path string, form url.Values) (*Answer, error) {
	body := url.Values{}
	for k, v := range form {
		body[k] = v
	}
	if a.Client.Secret == "" && !body.Has("client_id") {
		body.Set("client_id", a.Client.ID)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Issuer+path, strings.NewReader(body.Encode()))
	if err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a.Client.Secret != "" {
		req.SetBasicAuth(url.QueryEscape(a.Client.ID), url.QueryEscape(a.Client.Secret))
	}
	return a.Do(req)
}

// Call sends a request to url with token as a Bearer token; a nil body sends
// none, anything else is sent as JSON.
func (a *App) Call(ctx context.Context, method, url, token string, body any) (*Answer, error) {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("actor: %w", err)
		}
		payload = strings.NewReader(string(raw))
	}
	req, err := http.NewRequestWithContext(ctx, method, url, payload)
	if err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return a.Do(req)
}

// keeping keeps the connections of many callers at once; http.DefaultTransport
// would keep two of a host and open the others anew.
var keeping = &http.Transport{MaxIdleConnsPerHost: 128}

var plainClient = &http.Client{
	Timeout:       30 * time.Second,
	Transport:     keeping,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Do sends req and reads the whole answer. Redirects are not followed.
func (a *App) Do(req *http.Request) (*Answer, error) {
	client := a.HTTP
	if client == nil {
		client = plainClient
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end below
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	return &Answer{Status: res.StatusCode, Header: res.Header, Body: raw}, nil
}
