package api

import (
	"net/http"
	"net/url"
	"strings"

	"latchkey/pkg/apierror"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/scope"
)

const metadataPath = "/.well-known/oauth-protected-resource"

// MetadataURL is where the protected resource describes itself: the well-known
// path stands between the host and the path of the resource (RFC 9728 section 3.1).
func MetadataURL(resource string) string {
	u, err := url.Parse(resource)
	if err != nil {
		return resource + metadataPath
	}
	return u.Scheme + "://" + u.Host + metadataPath + basePath(resource)
}

// basePath is the path of the API's public address: "" or /something.
func basePath(resource string) string {
	u, err := url.Parse(resource)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.EscapedPath(), "/")
}

// AtBase lets next answer below the path of the API's public address too, for a
// proxy in front that passes paths on as they are.
func AtBase(resource string, next http.Handler) http.Handler {
	base := basePath(resource)
	if base == "" {
		return next
	}
	inner := http.StripPrefix(base, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.EscapedPath(), base+"/") {
			inner.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// described are the resources that describe themselves, by the path of their
// descriptions: the API, and its address for assistants.
func (a *API) described() map[string]string {
	base := basePath(a.Resource)
	return map[string]string{
		metadataPath: a.Resource, metadataPath + base: a.Resource,
		metadataPath + mcpPath: a.Resource + mcpPath, metadataPath + base + mcpPath: a.Resource + mcpPath,
	}
}

// metadata describes this API, or a part of it, to OAuth clients (RFC 9728 section
// 3.2).
func (a *API) metadata(resource string) httpserver.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "public, max-age=300")
		apierror.JSON(w, r, http.StatusOK, map[string]any{
			"resource":                 resource,
			"authorization_servers":    []string{a.Issuer},
			"scopes_supported":         scope.All.Names(),
			"bearer_methods_supported": []string{"header"},
			"resource_name":            "Latchkey resource API",
			"resource_documentation":   a.Resource + "/docs",
		})
		return nil
	}
}
