package oauth

import (
	"context"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/registration"
	"latchkey/pkg/branding"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
)

// Clients finds clients.
type Clients interface {
	// FindClient returns the client with id. fault.NotFound: there is none.
	FindClient(ctx context.Context, id string) (*authserver.Client, error)
}

// Pages draws what a person sees on the way.
type Pages interface {
	Consent(w http.ResponseWriter, r *http.Request, p authserver.ConsentPage)
	Error(w http.ResponseWriter, r *http.Request, status int, title, sentence string)
	// Untrusted says what came, and to the client's owner what is registered.
	Untrusted(w http.ResponseWriter, r *http.Request, u authserver.UntrustedRequest)
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

// Throttle limits how often one client address may be refused, and how much may wait for
// people in its name. What else succeeds is not counted, so a busy client is never in its
// way.
type Throttle interface {
	// Refused counts one refusal of the client address in ctx. It returns how
	// long to wait when it was one too many, else 0.
	Refused(ctx context.Context) time.Duration
	// Registering counts one registration, refused or not. It returns how long to wait
	// when it was one too many, else 0.
	Registering(ctx context.Context) time.Duration
	// Waiting counts one request that will wait for a person. fault.RateLimited: too many
	// of the client address in ctx wait, or of the client.
	Waiting(ctx context.Context, w account.PendingRequest) error
}

// Metrics counts what happens here.
type Metrics interface {
	Refused(endpoint, code string)
	Introspected(active bool)
}

// Registration registers clients that introduce themselves. registration.Service
// answers it.
type Registration interface {
	Introduce(ctx context.Context, m *registration.Metadata, token string) (registration.Introduction, error)
	Managed(ctx context.Context, id, token string) (*authserver.Client, error)
	ChangeManaged(ctx context.Context, c *authserver.Client, m *registration.Metadata) (*authserver.Client, error)
	Delete(ctx context.Context, id string) error
	NoteConsent(ctx context.Context, c *authserver.Client) error
}

// Documents finds clients whose id is the address of their metadata. clientdoc.Documents
// answers it.
type Documents interface {
	Find(ctx context.Context, id string) (*authserver.Client, error)
	Keep(id string)
}

// Dependencies of a Server. Throttle and Metrics may be nil.
type Dependencies struct {
	Grants      *grant.Service
	Requesting  RequestingClients
	Registers   bool // clients may introduce themselves
	Links       branding.Links
	Requests    Requests
	Devices     Devices
	Refusals    Refusals // nil: nobody is told
	Credentials introspection.Introspector
	Pages       Pages
	Signins     Signins
	Throttle    Throttle
	Metrics     Metrics
	Now         func() time.Time
	Issuer      string
	Resources   []string // RFC 8707 identifiers that tokens are issued for, without a slash at the end
}

// Server answers the OAuth endpoints.
type Server struct {
	grants       *grant.Service
	credentials  introspection.Introspector
	pages        Pages
	signins      Signins
	throttle     Throttle
	metrics      Metrics
	now          func() time.Time
	issuer       string
	resources    []string
	clients      *ClientCache
	registration Registration
	requesting   RequestingClients
	registers    bool
	links        branding.Links
	requests     Requests
	devices      Devices
	refusals     Refusals
	fosite       *provider
}

// New returns a Server.
func New(d Dependencies) *Server {
	if d.Metrics == nil {
		d.Metrics = noMetrics{}
	}
	s := &Server{
		grants: d.Grants, credentials: d.Credentials, pages: d.Pages, signins: d.Signins, throttle: d.Throttle, metrics: d.Metrics,
		now: d.Now, issuer: d.Issuer, resources: d.Resources, clients: d.Requesting.Clients,
		registration: d.Requesting.Registration, requesting: d.Requesting, registers: d.Registers, links: d.Links, requests: d.Requests, devices: d.Devices,
		refusals: d.Refusals,
	}
	s.fosite = newProvider(s)
	return s
}

// Mount adds the endpoints to router.
func (s *Server) Mount(router *mux.Router) {
	router.Handle("/oauth/authorize", httpserver.Methods{
		http.MethodGet: noted(s.authorize), http.MethodPost: noted(s.decide),
	}.Handler(http.HandlerFunc(s.refusePage)))
	router.Handle("/oauth/token", crossOrigin(noted(s.token)))
	router.Handle("/oauth/revoke", crossOrigin(noted(s.revoke)))
	router.HandleFunc("/oauth/introspect", s.introspect)
	router.Handle("/oauth/par", crossOrigin(noted(s.push)))
	router.Handle("/oauth/device_authorization", crossOrigin(noted(s.deviceAuthorization)))
	s.mountRegistration(router)
	metadata := http.HandlerFunc(s.metadata)
	router.Handle("/.well-known/oauth-authorization-server", httpserver.CrossOriginDocument(metadata, metadata))
}

func (s *Server) refusePage(w http.ResponseWriter, r *http.Request) {
	s.pages.Error(w, r, http.StatusMethodNotAllowed, "", "This address doesn't accept that kind of request.")
}

// crossOrigin opens an endpoint without cookies to scripts of any origin. The
// endpoint itself refuses other methods than POST, in the shape of RFC 6749.
func crossOrigin(post http.HandlerFunc) http.Handler {
	return httpserver.CrossOrigin(httpserver.Methods{http.MethodPost: post}, post)
}

type noMetrics struct{}

func (noMetrics) Refused(string, string) {}
func (noMetrics) Introspected(bool)      {}
