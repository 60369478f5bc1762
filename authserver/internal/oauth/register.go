package oauth

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/registration"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

const registerPath = "/oauth/register"

// registered is the answer of RFC 7591 section 3.2.1. Members without a value are
// left out, because some clients refuse null and "".
type registered struct {
	ClientID       string   `json:"client_id"`
	IssuedAt       int64    `json:"client_id_issued_at"`
	Secret         string   `json:"client_secret,omitempty"`
	SecretEnds     *int64   `json:"client_secret_expires_at,omitempty"` // 0: never; only with a secret
	Name           string   `json:"client_name"`
	RedirectURIs   []string `json:"redirect_uris,omitempty"`
	AuthMethod     string   `json:"token_endpoint_auth_method"`
	GrantTypes     []string `json:"grant_types"`
	ResponseTypes  []string `json:"response_types"`
	Scope          string   `json:"scope"`
	LogoURI        string   `json:"logo_uri,omitempty"`
	PushedRequests bool     `json:"require_pushed_authorization_requests,omitempty"`
	Management     string   `json:"registration_access_token,omitempty"`
	ManagementURI  string   `json:"registration_client_uri,omitempty"`
}

func (s *Server) registered(c *authserver.Client, secretText, management string) registered {
	out := registered{
		ClientID: c.ID, IssuedAt: c.CreatedAt.Unix(), Secret: secretText, Name: c.Name, RedirectURIs: c.RedirectURIs,
		AuthMethod: c.AuthMethod, GrantTypes: grantTypesOf(c), ResponseTypes: []string{"code"}, Scope: c.Scopes.String(),
		LogoURI: c.LogoURI, PushedRequests: c.PushedOnly, Management: management,
	}
	if !c.Public() {
		var never int64
		out.SecretEnds = &never
	}
	if management != "" {
		out.ManagementURI = s.issuer + registerPath + "/" + c.ID
	}
	return out
}

func grantTypesOf(c *authserver.Client) []string {
	types := []string{"authorization_code", "refresh_token"}
	if c.DeviceGrant {
		types = append(types, registration.GrantDevice)
	}
	return types
}

// register is POST /oauth/register (RFC 7591).
func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	m, err := s.readRegistration(w, r)
	if err != nil {
		s.failRegistration(w, r, err)
		return
	}
	made, err := s.registration.Introduce(r.Context(), m, bearerOf(r))
	if err != nil {
		s.failRegistration(w, r, err)
		return
	}
	logClient(r.Context(), made.Client.ID)
	writeJSON(w, http.StatusCreated, s.registered(made.Client, made.Secret.Reveal(), made.Management.Reveal()))
}

func (s *Server) readRegistration(w http.ResponseWriter, r *http.Request) (*registration.Metadata, error) {
	if s.throttle != nil && r.Method == http.MethodPost {
		if wait := s.throttle.Registering(r.Context()); wait > 0 {
			return nil, fault.New(fault.RateLimited, "").WithRetryAfter(wait)
		}
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, &registration.MetadataError{Code: "invalid_client_metadata", Description: "Send the metadata as application/json."}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, withStatus(invalidRequest("The request body is too large."), http.StatusRequestEntityTooLarge)
	}
	if err != nil {
		return nil, &Error{Code: "invalid_request", Description: "The request body could not be read.", Status: http.StatusBadRequest, cause: err}
	}
	return registration.ParseMetadata(raw)
}

// failRegistration answers in the words of RFC 7591 section 3.2.2, and of RFC 6750
// where a token is missing.
func (s *Server) failRegistration(w http.ResponseWriter, r *http.Request, err error) {
	var answer *Error
	if bad, ok := errors.AsType[*registration.MetadataError](err); ok {
		answer = &Error{Code: bad.Code, Description: bad.Description, Status: http.StatusBadRequest}
	}
	switch {
	case answer != nil:
	case errors.Is(err, registration.ErrClosed):
		answer = accessDenied("Registration is closed on this server.", http.StatusForbidden)
	case errors.Is(err, registration.ErrNoToken):
		challenge := `Bearer realm="latchkey"`
		if bearerOf(r) != "" {
			challenge += `, error="invalid_token"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
		answer = &Error{Code: "invalid_token", Description: "A good token is needed for this.", Status: http.StatusUnauthorized, cause: refusedToken(bearerOf(r))}
	default:
		s.fail(w, r, "register", err)
		return
	}
	s.fail(w, r, "register", answer)
}

// refusedToken is why a token that manages registrations is no good.
func refusedToken(bearer string) clientRefusal {
	if bearer == "" {
		return "no token"
	}
	return "unknown, expired, revoked or used-up token"
}

// managed answers /oauth/register/{id} (RFC 7592) to the holder of the client's
// registration access token.
func (s *Server) managed(act func(w http.ResponseWriter, r *http.Request, c *authserver.Client) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		logSent(r.Context(), mux.Vars(r)["id"])
		c, err := s.registration.Managed(r.Context(), mux.Vars(r)["id"], bearerOf(r))
		if err == nil {
			err = act(w, r, c)
		}
		if err != nil {
			s.failRegistration(w, r, err)
		}
	}
}

func (s *Server) showManaged(w http.ResponseWriter, r *http.Request, c *authserver.Client) error {
	writeJSON(w, http.StatusOK, s.registered(c, "", bearerOf(r)))
	return nil
}

func (s *Server) changeManaged(w http.ResponseWriter, r *http.Request, c *authserver.Client) error {
	m, err := s.readRegistration(w, r)
	if err != nil {
		return err
	}
	if c, err = s.registration.ChangeManaged(r.Context(), c, m); err != nil {
		return err
	}
	if _, err := s.clients.reload(r.Context(), c.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return s.showManaged(w, r, c)
}

func (s *Server) deleteManaged(w http.ResponseWriter, r *http.Request, c *authserver.Client) error {
	if err := s.registration.Delete(r.Context(), c.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if _, err := s.clients.reload(r.Context(), c.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) mountRegistration(router *mux.Router) {
	refused := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, "register", withStatus(invalidRequest("This method is not for registrations."), http.StatusMethodNotAllowed))
	})
	router.Handle(registerPath, httpserver.CrossOrigin(httpserver.Methods{http.MethodPost: http.HandlerFunc(s.register)}, refused))
	router.Handle(registerPath+"/{id}", httpserver.CrossOrigin(httpserver.Methods{
		http.MethodGet: s.managed(s.showManaged), http.MethodPut: s.managed(s.changeManaged), http.MethodDelete: s.managed(s.deleteManaged),
	}, refused))
}
