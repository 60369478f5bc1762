package api

import (
	"net/http"

	"latchkey/pkg/apierror"
	"latchkey/pkg/scope"
)

// MetadataPath is where the protected resource describes itself (RFC 9728
// section 3.1).
const MetadataPath = "/.well-known/oauth-protected-resource"

// metadata describes this API to OAuth clients (RFC 9728 section 3.2).
func (a *API) metadata(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=300")
	apierror.JSON(w, r, http.StatusOK, map[string]any{
		"resource":                 a.Resource,
		"authorization_servers":    []string{a.Issuer},
		"scopes_supported":         scope.All.Names(),
		"bearer_methods_supported": []string{"header"},
		"resource_name":            "Latchkey resource API",
		"resource_documentation":   a.Resource + "/docs",
	})
	return nil
}
