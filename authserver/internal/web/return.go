package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"latchkey/authserver/internal/web/page"
)

// returnTo is where a form leads when it is done: the path on this origin that
// the page was asked with, or "".
func returnTo(r *http.Request) string {
	to := r.URL.Query().Get("return_to")
	if r.Method == http.MethodPost {
		to = r.PostForm.Get("return_to")
	}
	return safePath(to)
}

// maxReturnTo is the longest path to return to, in bytes: an authorization
// request of the longest kind, and a little more.
const maxReturnTo = 17 << 10

// safePath returns to if it is a path on this origin, else "". Browsers take
// "//host", "/\host" and control characters before a host for other origins.
func safePath(to string) string {
	if len(to) > maxReturnTo || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") ||
		strings.ContainsFunc(to, func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f || c == utf8.RuneError }) {
		return ""
	}
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, "\\") {
		return ""
	}
	return to
}

var plainScheme = regexp.MustCompile(`^[a-z][a-z0-9.+-]*$`)

// leadsTo is the scheme of uri for form-action, with a blank before it: where the
// redirect that follows a form may lead besides this server. A provider may lead
// on to another of its origins, so no host is named.
func leadsTo(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || !plainScheme.MatchString(u.Scheme) {
		return ""
	}
	return " " + u.Scheme + ":"
}

// authorizes reports whether a form returns to an authorization request: with
// consent remembered, the redirect to the application follows the form.
func authorizes(returnTo string) bool {
	u, err := url.Parse(returnTo)
	return err == nil && u.Path == "/oauth/authorize"
}

// asking is the name of the application whose request a form returns to. Not to
// know it is no reason to fail.
func (s *Server) asking(r *http.Request, returnTo string) string {
	u, err := url.Parse(returnTo)
	if err != nil || u.Path != "/oauth/authorize" || u.Query().Get("client_id") == "" {
		return ""
	}
	c, err := s.findClient(r.Context(), u.Query().Get("client_id"))
	if err != nil || c.Introduced != "" { // what it calls itself is no reason to trust it
		return ""
	}
	return page.PlainName(c.Name)
}
