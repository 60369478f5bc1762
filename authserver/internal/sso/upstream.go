package sso

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

const (
	discoveryLife  = time.Hour       // endpoints are asked for again after it
	discoveryPause = 5 * time.Second // after a failure, before the next try
)

// upstream is a provider and what is known about it.
type upstream struct {
	Provider
	redirect string // where it sends browsers back to
	client   *http.Client
	now      func() time.Time
	flight   singleflight.Group

	mu       sync.Mutex
	secret   string // "": a public client
	known    *endpoints
	failed   error
	failedAt time.Time
}

// endpoints is what the discovery document says, checked.
type endpoints struct {
	oauth    oauth2.Config
	methods  []string // of proving who we are at the token endpoint
	origin   string   // of the authorization endpoint
	verifier *oidc.IDTokenVerifier
	provider *oidc.Provider
	userinfo bool
	saysIss  bool // RFC 9207: iss comes with every answer
	at       time.Time
}

func newUpstream(p Provider, redirect string, timeout time.Duration, now func() time.Time) *upstream {
	issuer, err := url.Parse(p.Issuer)
	if err != nil {
		issuer = &url.URL{} // refused by the configuration; here nothing would be reachable
	}
	if len(p.Scopes) == 0 {
		p.Scopes = []string{oidc.ScopeOpenID, "email", "profile"}
	}
	if !slices.Contains(p.Scopes, oidc.ScopeOpenID) {
		p.Scopes = append([]string{oidc.ScopeOpenID}, p.Scopes...)
	}
	if p.Label == "" {
		p.Label = p.Name
	}
	return &upstream{Provider: p, secret: p.ClientSecret, redirect: redirect, client: newClient(issuer, timeout), now: now}
}

// renew makes secret the one that we prove ourselves with from now on.
func (u *upstream) renew(secret string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.secret = secret
	if u.known != nil { // somebody may be reading it
		changed := *u.known
		u.known = changed.proving(secret)
	}
}

// proving sets the secret, and how the provider takes it.
func (e *endpoints) proving(secret string) *endpoints {
	e.oauth.ClientSecret, e.oauth.Endpoint.AuthStyle = secret, authStyle(secret, e.methods)
	return e
}

// context makes the libraries use our client.
func (u *upstream) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, u.client)
}

// discover returns the endpoints. They are asked for when they are first needed,
// by one caller at a time, and again when they are old; old ones do while the
// provider does not answer. errUnavailable: there are none.
func (u *upstream) discover(ctx context.Context) (*endpoints, error) {
	known, failed := u.remembered()
	if known != nil || failed != nil {
		return known, failed
	}
	found := u.flight.DoChan("", func() (any, error) {
		// Not the context of whoever asked first: others wait for the answer too.
		e, err := u.ask(context.WithoutCancel(ctx))
		return u.remember(e, err)
	})
	select {
	case <-ctx.Done():
		return nil, errUnavailable.WithCause(ctx.Err())
	case result := <-found:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*endpoints), nil
	}
}

func (u *upstream) remembered() (*endpoints, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.now()
	paused := u.failed != nil && now.Sub(u.failedAt) < discoveryPause
	switch {
	case u.known != nil && (paused || now.Sub(u.known.at) < discoveryLife):
		return u.known, nil
	case paused:
		return nil, u.failed
	}
	return nil, nil
}

func (u *upstream) remember(e *endpoints, err error) (*endpoints, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err == nil {
		e.at = u.now()
		u.known, u.failed = e.proving(u.secret), nil
		return e, nil
	}
	u.failed, u.failedAt = errUnavailable.WithCause(shorten("discovery", err)), u.now()
	if u.known != nil {
		return u.known, nil
	}
	return nil, u.failed
}

func (u *upstream) ask(ctx context.Context) (*endpoints, error) {
	ctx = u.context(ctx)
	p, err := oidc.NewProvider(ctx, u.Issuer)
	if err != nil {
		return nil, err
	}
	var doc struct {
		JWKS    string   `json:"jwks_uri"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
		SaysIss bool     `json:"authorization_response_iss_parameter_supported"`
		Algs    []string `json:"id_token_signing_alg_values_supported"`
	}
	if err := p.Claims(&doc); err != nil {
		return nil, err
	}
	endpoint := p.Endpoint()
	for name, address := range map[string]string{
		"authorization_endpoint": endpoint.AuthURL, "token_endpoint": endpoint.TokenURL, "jwks_uri": doc.JWKS,
		"userinfo_endpoint": p.UserInfoEndpoint(),
	} {
		if err := u.checkEndpoint(name, address); err != nil {
			return nil, err
		}
	}
	origin, err := url.Parse(endpoint.AuthURL)
	if err != nil {
		return nil, err
	}
	return &endpoints{
		oauth: oauth2.Config{
			ClientID: u.ClientID, Endpoint: endpoint, RedirectURL: u.redirect, Scopes: u.Scopes,
		},
		methods: doc.Methods,
		origin:  origin.Scheme + "://" + origin.Host, provider: p, userinfo: p.UserInfoEndpoint() != "", saysIss: doc.SaysIss,
		verifier: oidc.NewVerifier(u.Issuer, keys{oidc.NewRemoteKeySet(ctx, doc.JWKS)}, &oidc.Config{
			ClientID: u.ClientID, Now: u.now, SupportedSigningAlgs: signingAlgs(doc.Algs),
		}),
	}, nil
}

// checkEndpoint refuses an address that a browser or we should not be sent to.
func (u *upstream) checkEndpoint(name, address string) error {
	if address == "" && name == "userinfo_endpoint" {
		return nil
	}
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Host == "" || parsed.User != nil || parsed.Fragment != "":
		return fmt.Errorf("%s is no address", name)
	case parsed.Scheme == "https", parsed.Scheme == "http" && strings.HasPrefix(u.Issuer, "http://"):
		return nil
	}
	return fmt.Errorf("%s is not https", name)
}

func authStyle(clientSecret string, methods []string) oauth2.AuthStyle {
	switch {
	case clientSecret == "":
		return oauth2.AuthStyleInParams
	case len(methods) == 0, slices.Contains(methods, "client_secret_basic"):
		return oauth2.AuthStyleInHeader // OpenID Connect Discovery section 3: the default
	}
	return oauth2.AuthStyleInParams
}

// asymmetric are the algorithms an ID token may be signed with: never one whose
// key is our own secret, and never none.
var asymmetric = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA,
}

func signingAlgs(offered []string) []string {
	var both []string
	for _, alg := range offered {
		if slices.Contains(asymmetric, alg) {
			both = append(both, alg)
		}
	}
	if len(both) == 0 {
		return []string{oidc.RS256}
	}
	return both
}

// keys tells a key set that could not be read from a signature that is wrong:
// the verifier itself keeps only the text of the error.
type keys struct{ remote oidc.KeySet }

type outageKey struct{}

// VerifySignature implements oidc.KeySet.
func (k keys) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.remote.VerifySignature(ctx, jwt)
	if seen, ok := ctx.Value(outageKey{}).(*error); ok && isOutage(err) {
		*seen = err
	}
	return payload, err
}

func isOutage(err error) bool {
	_, ok := errors.AsType[*outage](err)
	return ok || errors.Is(err, context.DeadlineExceeded)
}

// shorten keeps what a provider answered out of the log, but for its beginning:
// errors of the libraries hold whole answers.
func shorten(what string, err error) error {
	const enough = 200
	text := strings.ToValidUTF8(err.Error(), "?")
	if len(text) > enough {
		text = strings.ToValidUTF8(text[:enough], "") + "…"
	}
	return fmt.Errorf("sso: %s: %q", what, text)
}
