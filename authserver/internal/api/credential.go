package api

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strings"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/scope"
)

const codeScope = "insufficient_scope"

// Caller returns the live credential of the request, which must satisfy need.
// The request counts against its limit, and the answer says how it stands.
// Errors are in the shape of contract section 4.2: fault.Unauthenticated,
// fault.RateLimited, or fault.Forbidden when the scope does not do.
func (s *Server) Caller(w http.ResponseWriter, r *http.Request, need scope.Set) (*authserver.Credential, error) {
	presented, err := introspection.Presented(r)
	if err != nil {
		return nil, refusal{err}
	}
	c, err := s.Credentials.Authenticate(r.Context(), presented.Reveal())
	if err != nil {
		return nil, refusal{err}
	}
	httpserver.Annotate(r.Context(), slog.String("user_id", c.UserID), slog.String("credential_id", c.ID),
		slog.String("credential_kind", c.Kind), slog.String("client_id", c.ClientID))
	if c.UserID == "" || c.Resource != "" && strings.TrimRight(c.Resource, "/") != s.Issuer || !allowedFrom(r, c.AllowedCIDRs) {
		return nil, refusal{introspection.Refused(c.Kind == introspection.KindAccessToken)} // good, but not here or not from there
	}
	if err := s.Meter.count(w, r, c); err != nil {
		return nil, refusal{err}
	}
	if !c.Scopes.Satisfies(need) {
		return nil, refusal{scopeError(need)}
	}
	return c, nil
}

func scopeError(need scope.Set) error {
	word := "read"
	if need&scope.ReadWrite != 0 {
		word = "write"
	}
	return fault.New(fault.Forbidden, "This action requires the '"+word+"' scope").WithCode(codeScope)
}

func neededScope(f *fault.Error) string {
	if strings.Contains(f.Message, "'write'") {
		return "read_write"
	}
	return "read"
}

// allowedFrom reports whether the request comes from where a key may be used;
// an empty list is everywhere.
func allowedFrom(r *http.Request, cidrs []string) bool {
	if len(cidrs) == 0 {
		return true
	}
	from := httpserver.ClientAddr(r.Context())
	for _, text := range cidrs {
		if prefix, err := netip.ParsePrefix(text); err == nil && prefix.Contains(from) {
			return true
		}
	}
	return false
}

// ownApp is Caller for what only the product's own apps may do: an application
// the person allowed sees the household's data, not where the person is signed
// in.
func (s *Server) ownApp(w http.ResponseWriter, r *http.Request, need scope.Set) (*authserver.Credential, error) {
	c, err := s.Caller(w, r, need)
	if err != nil {
		return nil, err
	}
	if c.Kind != introspection.KindAccessToken || c.ClientID != authserver.FirstPartyClientID {
		return nil, refusal{fault.New(fault.Forbidden, "You are not authorized to perform this action")}
	}
	return c, nil
}
