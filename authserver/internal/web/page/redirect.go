package page

import (
	"net/url"
	"strings"
	"unicode"
)

// WrongRedirect is the data of WrongRedirectPage.
type WrongRedirect struct {
	Asked      string
	Registered []string
}

// NewWrongRedirect shows of each address its scheme, host and path: what is
// compared, without a query, which may hold what is nobody's business.
func NewWrongRedirect(asked string, registered []string) WrongRedirect {
	d := WrongRedirect{Asked: place(asked)}
	for _, uri := range registered {
		d.Registered = append(d.Registered, place(uri))
	}
	return d
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
