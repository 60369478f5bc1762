package oauth

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

const maxResource = 2048 // bytes

var (
	errResourceForm = invalidTarget("The resource must be an absolute URI without a fragment.")
	errResource     = invalidTarget("This server issues no tokens for that resource.") // but it could be one
)

// resource returns the identifier of the one resource asked for (RFC 8707), or
// "". A URL at or below a known resource stands for it: clients ask for the
// address that they will call.
func (s *Server) resource(form url.Values) (string, error) {
	values := form["resource"]
	if len(values) == 0 || len(values) == 1 && values[0] == "" {
		return "", nil
	}
	if len(values) > 1 {
		return "", invalidTarget("Ask for one resource at a time.")
	}
	asked, err := url.Parse(values[0])
	if err != nil || !asked.IsAbs() || asked.Host == "" || strings.Contains(values[0], "#") || len(values[0]) > maxResource {
		return "", errResourceForm
	}
	for _, known := range s.resources {
		if below(asked, known) {
			return known, nil
		}
	}
	return "", errResource
}

// below reports whether asked is the resource known or lies in its path. A path
// that could mean another one after it is cleaned lies nowhere.
func below(asked *url.URL, known string) bool {
	k, err := url.Parse(known)
	if err != nil || asked.User != nil || origin(asked) != origin(k) {
		return false
	}
	path, base := asked.EscapedPath(), strings.TrimRight(k.EscapedPath(), "/")
	if lower := strings.ToLower(path); strings.ContainsAny(path, `\`) || strings.Contains(lower, "%2e") ||
		strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c") {
		return false
	}
	if slices.ContainsFunc(strings.Split(path, "/"), func(segment string) bool { return segment == "." || segment == ".." }) {
		return false
	}
	return path == base || strings.HasPrefix(path, base+"/")
}

// origin is scheme, host and port as they are compared.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme) + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
