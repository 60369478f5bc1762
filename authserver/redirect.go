package authserver

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"latchkey/pkg/fault"
)

// maxRedirectURI is the longest redirect URI that can be registered, in bytes.
const maxRedirectURI = 2048

// CheckRedirectURI says why uri cannot be registered, or nil. Allowed are
// https, http to a loopback address, private schemes that are reverse domain names
// (RFC 8252 section 7), and the schemes given, which the operator chose.
func CheckRedirectURI(uri string, schemes ...string) error {
	reject := func(why string) error {
		return fault.Newf(fault.Invalid, "Redirect URI %q %s", uri, why)
	}
	if uri == "" || len(uri) > maxRedirectURI || strings.ContainsFunc(uri, notPrintableASCII) {
		return fault.New(fault.Invalid, "Redirect URI must be printable ASCII without spaces, at most 2048 characters")
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil || !u.IsAbs():
		return reject("must be an absolute URI")
	case u.Fragment != "" || strings.Contains(uri, "#"):
		return reject("must not have a fragment")
	case u.User != nil:
		return reject("must not name a user")
	case strings.ContainsAny(uri, "*\\"):
		return reject("must not have a wildcard or a backslash")
	}
	switch u.Scheme {
	case "https":
		return checkHost(u, reject)
	case "http":
		if !isLoopback(u.Hostname()) && u.Hostname() != "localhost" {
			return reject("must use https: plain http is for loopback addresses only")
		}
		return checkHost(u, reject)
	}
	if slices.Contains(schemes, u.Scheme) {
		if u.Opaque != "" {
			return reject("must have a path after its scheme")
		}
		return nil
	}
	return checkPrivateScheme(u, reject)
}

var schemeShape = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)

// knownSchemes mean something to browsers or to the system.
var knownSchemes = []string{
	"about", "blob", "chrome", "data", "file", "filesystem", "ftp", "http", "https", "intent", "jar", "javascript", "mailto",
	"ms-appx", "res", "sms", "tel", "vbscript", "view-source", "ws", "wss",
}

// CheckPrivateScheme says why the operator cannot allow scheme, or nil.
func CheckPrivateScheme(scheme string) error {
	if !schemeShape.MatchString(scheme) || slices.Contains(knownSchemes, scheme) {
		return fault.Newf(fault.Invalid, "%q is no scheme of an application's own", scheme)
	}
	return nil
}

func checkHost(u *url.URL, reject func(string) error) error {
	if u.Opaque != "" || strings.ContainsFunc(u.Hostname(), notInHost) || slices.ContainsFunc(strings.Split(u.Hostname(), "."), notALabel) || len(u.Hostname()) > 253 {
		return reject("must name a host")
	}
	if !validPort(u.Port()) || strings.HasSuffix(u.Host, ":") {
		return reject("must have a port from 1 to 65535 or none")
	}
	return nil
}

// checkPrivateScheme wants a reverse domain name such as com.example.app, which
// also keeps out javascript:, data:, file: and every other known scheme.
func checkPrivateScheme(u *url.URL, reject func(string) error) error {
	labels := strings.Split(u.Scheme, ".")
	if len(labels) < 2 {
		return reject("must use https, loopback http, or a private scheme that is a reverse domain name")
	}
	for _, label := range labels {
		if label == "" || strings.HasPrefix(label, "-") {
			return reject("has a scheme that is not a reverse domain name")
		}
	}
	if u.Opaque != "" {
		return reject("must have a path after its scheme")
	}
	return nil
}

func notPrintableASCII(r rune) bool { return r <= ' ' || r > '~' }

// notInHost is true of what stands in no host name and no address.
func notInHost(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._:", r))
}

// notALabel is true of what is no part of a host name (RFC 1035 section 2.3.4).
func notALabel(label string) bool { return label == "" || len(label) > 63 }

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() && ip.Zone() == ""
}

// redirectMatches compares exactly (RFC 9700 section 2.1); for loopback IP
// addresses, and with localhost for that name, the port is free (RFC 8252 section
// 7.3), and nothing else is.
func redirectMatches(registered, asked string, localhost bool) bool {
	if registered == asked {
		return true
	}
	if strings.ContainsFunc(asked, notPrintableASCII) {
		return false
	}
	r, err := url.Parse(registered)
	if err != nil || r.Scheme != "http" || !isLoopback(r.Hostname()) && (!localhost || r.Hostname() != "localhost") {
		return false
	}
	a, err := url.Parse(asked)
	if err != nil || a.User != nil || a.Hostname() != r.Hostname() || !validPort(a.Port()) {
		return false
	}
	return withoutPort(registered, r) == withoutPort(asked, a)
}

// validPort reports whether a browser could go to port, as it is written.
func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0 && port == strconv.FormatUint(n, 10)
}

// withoutPort returns the text of uri with the port cut out, so that scheme,
// path, query and fragment are compared as they were written.
func withoutPort(uri string, u *url.URL) string {
	if u.Port() == "" {
		return uri
	}
	host := strings.TrimSuffix(u.Host, ":"+u.Port())
	return strings.Replace(uri, net.JoinHostPort(u.Hostname(), u.Port()), host, 1)
}
