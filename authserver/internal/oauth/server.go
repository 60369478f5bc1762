package oauth

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gorilla/mux"
	"github.com/ory/fosite"

	"latchkey/authserver"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

// Store is what the endpoints need of the database. Every method joins the
// transaction in its context.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	AfterCommit(ctx context.Context, fn func(ctx context.Context))

	FindClient(ctx context.Context, id string) (*authserver.Client, error)

	CreateCode(ctx context.Context, c authserver.Code) (widened bool, err error)
	RedeemCode(ctx context.Context, r authserver.Redemption) (*authserver.GrantChain, error)
	ExplainCode(ctx context.Context, r authserver.Redemption) (chainID string, otherResource bool, err error)

	OpenChain(ctx context.Context, chain *authserver.GrantChain, pair authserver.Pair) error
	Rotate(ctx context.Context, r authserver.Rotation) (*authserver.Rotated, error)
	ExplainRefresh(ctx context.Context, token secret.Digest, clientID string, now time.Time) (*authserver.Spent, error)
	EndChains(ctx context.Context, f authserver.ChainFilter, reason string, now time.Time) ([]authserver.EndedChain, error)
	EndChainOfToken(ctx context.Context, token secret.Digest, clientID, reason string, now time.Time) ([]authserver.EndedChain, error)

	LookupAccessToken(ctx context.Context, token secret.Digest) (*authserver.Credential, error)
}

// Keys recognises API keys.
type Keys interface {
	// LookupAPIKey finds a key by its digest. fault.NotFound: there is none.
	LookupAPIKey(ctx context.Context, key secret.Digest) (*authserver.Credential, error)
}

// Pages draws what a person sees on the way.
type Pages interface {
	Consent(w http.ResponseWriter, r *http.Request, p authserver.ConsentPage)
	Error(w http.ResponseWriter, r *http.Request, status int, title, sentence string)
	SignIn(w http.ResponseWriter, r *http.Request)
}

// Signins knows who is at a browser.
type Signins interface {
	// Current returns the sign-in of r with what its user has allowed the client,
	// or nil, nil when nobody is signed in.
	Current(r *http.Request, clientID string) (*authserver.Signin, error)
	// CheckForm refuses a form that does not come from our own page.
	CheckForm(r *http.Request) error
}

// Tombstones makes the death of access tokens known to resource servers.
type Tombstones interface {
	Write(ctx context.Context, digests []secret.Digest, reason string)
}

// Throttle limits how often one client address may be refused. What succeeds is
// not counted, so a busy client is never in its way.
type Throttle interface {
	// Refused counts one refusal of the client address in ctx. It returns how
	// long to wait when it was one too many, else 0.
	Refused(ctx context.Context) time.Duration
}

// Uses remembers which chains resource servers asked about.
type Uses interface {
	Note(chainID string)
}

// Metrics counts what happens here.
type Metrics interface {
	TokensIssued(grant string)
	Refused(endpoint, code string)
	RefreshReused()
	Introspected(active bool)
}

// Settings are life times and names.
type Settings struct {
	Issuer          string
	CodeLifetime    time.Duration
	AccessLifetime  time.Duration
	RefreshLifetime time.Duration
	ChainLifetime   time.Duration // absolute end of a chain; 0: none
	RetryWindow     time.Duration // how long a refresh may be repeated; 0: not at all
	ClientCache     time.Duration // how long a client's record is remembered
}

// Dependencies of a Server. Keys, Throttle, Metrics and Uses may be nil.
type Dependencies struct {
	Store      Store
	Keys       Keys
	Pages      Pages
	Signins    Signins
	Tombstones Tombstones
	Throttle   Throttle
	Metrics    Metrics
	Uses       Uses
	Logger     *slog.Logger
	Now        func() time.Time
	Settings   Settings
}

// Server answers the OAuth endpoints.
type Server struct {
	Dependencies
	fosite  *fosite.Fosite
	clients *clientCache
}

// New returns a Server.
func New(d Dependencies) *Server {
	if d.Metrics == nil {
		d.Metrics = noMetrics{}
	}
	s := &Server{Dependencies: d, clients: newClientCache(d.Store, d.Settings.ClientCache, d.Now)}
	s.fosite = s.provider()
	return s
}

// Mount adds the endpoints to router.
func (s *Server) Mount(router *mux.Router) {
	router.Handle("/oauth/authorize", httpserver.Methods{
		http.MethodGet: http.HandlerFunc(s.authorize), http.MethodPost: http.HandlerFunc(s.decide),
	}.Handler(http.HandlerFunc(s.refusePage)))
	router.Handle("/oauth/token", crossOrigin(s.token))
	router.Handle("/oauth/revoke", crossOrigin(s.revoke))
	router.HandleFunc("/oauth/introspect", s.introspect)
	metadata := http.HandlerFunc(s.metadata)
	router.Handle("/.well-known/oauth-authorization-server", httpserver.CrossOriginDocument(metadata, metadata))
}

func (s *Server) refusePage(w http.ResponseWriter, r *http.Request) {
	s.Pages.Error(w, r, http.StatusMethodNotAllowed, "", "This page cannot be asked for in that way.")
}

// crossOrigin opens an endpoint without cookies to scripts of any origin. The
// endpoint itself refuses other methods than POST, in the shape of RFC 6749.
func crossOrigin(post http.HandlerFunc) http.Handler {
	return httpserver.CrossOrigin(httpserver.Methods{http.MethodPost: post}, post)
}

type noMetrics struct{}

func (noMetrics) TokensIssued(string)    {}
func (noMetrics) Refused(string, string) {}
func (noMetrics) RefreshReused()         {}
func (noMetrics) Introspected(bool)      {}
