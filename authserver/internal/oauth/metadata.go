package oauth

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/pkg/scope"
)

// metadata is GET /.well-known/oauth-authorization-server (RFC 8414).
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", http.MethodGet)
		writeJSON(w, http.StatusMethodNotAllowed, wire{Code: "invalid_request", Description: "Use the GET method."})
		return
	}
	issuer := s.issuer
	secrets := []string{authserver.AuthBasic, authserver.AuthPost}
	methods := append(secrets[:2:2], authserver.AuthNone)
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         issuer,
		"authorization_endpoint":                         issuer + "/oauth/authorize",
		"token_endpoint":                                 issuer + "/oauth/token",
		"revocation_endpoint":                            issuer + "/oauth/revoke",
		"introspection_endpoint":                         issuer + "/oauth/introspect",
		"userinfo_endpoint":                              issuer + "/oauth/userinfo",
		"service_documentation":                          issuer + "/docs",
		"scopes_supported":                               scope.All.Names(),
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
		"token_endpoint_auth_methods_supported":          methods,
		"revocation_endpoint_auth_methods_supported":     methods,
		"introspection_endpoint_auth_methods_supported":  secrets,
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
		"protected_resources":                            s.resources, // RFC 9728 section 4
	})
}
