package page

import (
	"net/url"
	"strings"
	"unicode"

	"latchkey/authserver"
)

// Untrusted is the data of UntrustedPage: of each address its scheme, host and path, which
// is what is compared, without a query, which may hold what is nobody's business.
type Untrusted struct {
	Text       string   // key of what is wrong
	Hint       string   // key of what helps its developer; "": nothing does
	Clients    []string // that came
	Redirects  []string // that came
	Own        bool     // the reader develops the application
	Name, Path string   // of the application and its page; "": not the reader's business
	Registered []string
}

// NewUntrusted shows u to the reader.
func NewUntrusted(v *View, u authserver.UntrustedRequest) Untrusted {
	d := Untrusted{Clients: u.Clients, Redirects: u.Redirects}
	came := u.Clients
	if d.Text = "redirect.client"; u.Redirect {
		d.Text, d.Hint, came = "redirect.text", "redirect.others", u.Redirects
	}
	if n := number(came); n != "" {
		d.Text, d.Hint = d.Text+n, "redirect.once"
	}
	c := u.Client
	d.Own = c != nil && c.OwnerID != "" && v.Signin != nil && v.Signin.User.ID == c.OwnerID
	if !d.Own {
		return d
	}
	d.Name, d.Path = c.Name, ClientsPath+"/"+url.PathEscape(c.ID)
	for _, uri := range c.RedirectURIs {
		d.Registered = append(d.Registered, place(uri))
	}
	return d
}

// number is the end of the key of what is wrong with none, one or several.
func number(came []string) string {
	switch {
	case len(came) > 1:
		return ".many"
	case len(came) == 0 || came[0] == "":
		return ".none"
	}
	return ""
}

const maxPlace = 300 // characters

// place is uri without user, query and fragment, as plain text.
func place(uri string) string {
	if u, err := url.Parse(uri); err == nil && u.Opaque == "" {
		u.User, u.RawQuery, u.Fragment, u.RawFragment, u.ForceQuery = nil, "", "", "", false
		uri = u.String()
	} else if i := strings.IndexAny(uri, "?#"); i >= 0 {
		uri = uri[:i]
	}
	text := []rune(strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, uri))
	if len(text) > maxPlace {
		text = append(text[:maxPlace], '…')
	}
	return string(text)
}
