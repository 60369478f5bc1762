package oauth

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/registration"
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
	document := map[string]any{
		"issuer":                                         issuer,
		"authorization_endpoint":                         issuer + "/oauth/authorize",
		"token_endpoint":                                 issuer + "/oauth/token",
		"pushed_authorization_request_endpoint":          issuer + "/oauth/par",
		"require_pushed_authorization_requests":          false,
		"device_authorization_endpoint":                  issuer + "/oauth/device_authorization",
		"revocation_endpoint":                            issuer + "/oauth/revoke",
		"introspection_endpoint":                         issuer + "/oauth/introspect",
		"userinfo_endpoint":                              issuer + "/oauth/userinfo",
		"service_documentation":                          issuer + "/docs/auth",
		"scopes_supported":                               scope.All.Names(),
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token", registration.GrantDevice},
		"token_endpoint_auth_methods_supported":          methods,
		"revocation_endpoint_auth_methods_supported":     methods,
		"introspection_endpoint_auth_methods_supported":  secrets,
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
		"protected_resources":                            s.resources, // RFC 9728 section 4
	}
	for member, to := range map[string]string{"op_tos_uri": s.links.Terms, "op_policy_uri": s.links.Privacy} {
		if to != "" {
			document[member] = to
		}
	}
	if s.registers {
		document["registration_endpoint"] = issuer + registerPath
	}
	if s.requesting.Documents != nil {
		document["client_id_metadata_document_supported"] = true
	}
	writeJSON(w, http.StatusOK, document)
}
