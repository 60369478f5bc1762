package clientdoc

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// maxID is the longest id, in bytes.
const maxID = 512

// IsID reports whether id looks like the address of a document rather than an id
// that was registered here.
func IsID(id string) bool { return strings.HasPrefix(id, "https://") }

// parseID returns the address of a document. Addresses that can be written in
// several ways, or that hold a secret, are none.
func parseID(id string) (*url.URL, error) {
	u, err := url.Parse(id)
	switch {
	case err != nil || len(id) > maxID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }):
		return nil, refusal("the client_id is no address")
	case u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "":
		return nil, refusal("the client_id must be an https address")
	case !usualHost(u):
		return nil, refusal("the host of the client_id must be written as browsers write it: in lower case, without a dot at its end and without the port of https")
	case u.User != nil || strings.Contains(id, "#"):
		return nil, refusal("the client_id must not have a user or a fragment")
	case u.Path == "" || u.Path == "/":
		return nil, refusal("the client_id must have a path")
	case slices.ContainsFunc(strings.Split(u.Path, "/"), func(s string) bool { return s == "." || s == ".." }):
		return nil, refusal("the client_id must not have dot segments")
	}
	return u, nil
}

// usualHost reports whether the host of u is written in the one way that counts:
// each spelling would have a budget of its own at one server.
func usualHost(u *url.URL) bool {
	host := u.Hostname()
	if addr, err := netip.ParseAddr(host); err == nil && addr.String() != host {
		return false
	}
	return u.Host == strings.ToLower(u.Host) && !strings.ContainsFunc(host, func(r rune) bool { return r > '~' }) &&
		!strings.HasSuffix(host, ".") && !strings.HasSuffix(u.Host, ":") && u.Port() != "443" && !strings.HasPrefix(u.Port(), "0")
}
