package oauth

import (
	"net/http"
	"net/url"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// AuthenticateResourceServer returns the resource server that sent r, by HTTP
// Basic as at the introspection endpoint: for what resource servers report.
// fault.Unauthenticated: no client, or a wrong secret. fault.Forbidden: another
// kind of client. fault.Unavailable: nobody could say.
func (s *Server) AuthenticateResourceServer(r *http.Request) (*authserver.Client, error) {
	c, err := s.authenticate(r.Context(), r, url.Values{})
	switch {
	case err != nil && wireError(err).status >= http.StatusInternalServerError:
		return nil, err
	case err != nil:
		return nil, fault.Wrap(fault.Unauthenticated, err, "A resource server must authenticate with HTTP Basic")
	case !c.ResourceServer:
		return nil, fault.New(fault.Forbidden, "Only a resource server may report")
	}
	httpserver.ExtractTrace(r)
	return c, nil
}
