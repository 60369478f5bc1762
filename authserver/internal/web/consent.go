package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"latchkey/authserver"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/scope"
)

type consentView struct {
	Action   string // the same URL, so that everything is checked again
	Name     string // of the application, as plain text
	Initial  string
	Host     string // where the browser goes next
	Local    bool   // to a program on this device
	Operator bool   // registered by the operator; else "not verified"
	Own      bool   // registered by the person
	Asked    []string
	Granted  []string // what was allowed before, when more is asked now
}

// Consent asks the person whether the application may have what it asks for.
func (s *Server) Consent(w http.ResponseWriter, r *http.Request, p authserver.ConsentPage) {
	v := s.newView(w, r, "consent.title", plainName(p.Client.Name))
	v.Signin = p.Signin
	v.formTargets = leadsTo(p.RedirectURI)
	if err := s.render(w, r, http.StatusOK, v, consentPage(v, newConsentView(r, p))); err != nil {
		httpserver.Cause(r.Context(), err)
		s.RenderError(w, r, err)
	}
}

func newConsentView(r *http.Request, p authserver.ConsentPage) consentView {
	c := consentView{
		Action: r.URL.EscapedPath(), Name: plainName(p.Client.Name), Operator: p.Client.OwnerID == "",
		Own:   p.Client.OwnerID != "" && p.Client.OwnerID == p.Signin.User.ID,
		Asked: strongest(p.New),
	}
	if r.URL.RawQuery != "" {
		c.Action += "?" + r.URL.RawQuery
	}
	c.Initial = initial(c.Name)
	switch {
	case p.New == 0: // asked again for what was allowed
		c.Asked = strongest(p.Requested)
	case p.Granted != 0: // only what is new
		c.Granted = strongest(p.Granted)
		if p.Granted.Satisfies(scope.Read) && p.New&scope.ReadWrite != 0 {
			c.Asked = []string{"more"}
		}
	}
	c.Host, c.Local = redirectHost(p.RedirectURI)
	return c
}

// strongest names only read_write where both are asked: it includes read.
func strongest(s scope.Set) []string {
	if s&scope.ReadWrite != 0 {
		return []string{"read_write"}
	}
	return s.Names()
}

// plainName shows an application's name as text: nothing invisible, nothing
// that turns the direction of the sentence around it, not endless.
func plainName(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > 80 {
		name = string(runes[:80]) + "…"
	}
	if strings.TrimSpace(name) == "" {
		return "?"
	}
	return name
}

// initial is the letter an application without a picture is known by.
func initial(name string) string {
	for _, letter := range name {
		return string(unicode.ToUpper(letter))
	}
	return "?"
}

// redirectHost is what the person is told about where the browser goes.
func redirectHost(uri string) (host string, local bool) {
	u, err := url.Parse(uri)
	if err != nil {
		return "", false
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return u.Scheme, true
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.IsLoopback() || u.Hostname() == "localhost" {
		return u.Host, true
	}
	return u.Host, false
}

var plainScheme = regexp.MustCompile(`^[a-z][a-z0-9.+-]*$`)

// leadsTo is where the redirect that follows a form may lead besides this server,
// for form-action, with a blank before it. Browsers apply that to every redirect
// on the way, and an application's callback may lead on to another of its
// origins, which nobody here knows: so it is the scheme (of which http includes
// https) and no host.
func leadsTo(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || !plainScheme.MatchString(u.Scheme) {
		return ""
	}
	return " " + u.Scheme + ":"
}

// returnLeadsTo is leadsTo of the authorization request a form returns to:
// with consent remembered, the redirect to the application follows the form.
func returnLeadsTo(returnTo string) string {
	u, err := url.Parse(returnTo)
	if err != nil || u.Path != "/oauth/authorize" {
		return ""
	}
	uri := u.Query().Get("redirect_uri")
	if authserver.CheckRedirectURI(uri) != nil {
		return ""
	}
	return leadsTo(uri)
}

// asking is the name of the application whose request a form returns to. Not to
// know it is no reason to fail.
func (s *Server) asking(r *http.Request, returnTo string) string {
	u, err := url.Parse(returnTo)
	if err != nil || u.Path != "/oauth/authorize" || u.Query().Get("client_id") == "" {
		return ""
	}
	c, err := s.Client(r.Context(), u.Query().Get("client_id"))
	if err != nil {
		return ""
	}
	return plainName(c.Name)
}
