package guard

import (
	"errors"
	"net/http"
	"strings"

	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/scope"
)

// refuse returns err as it is to be answered, and sets the challenge that
// belongs to it: where to get a credential (RFC 9728 section 5.1), of what scope,
// and, when there was one, why it is refused (RFC 6750 section 3). need is the scope
// that the endpoint asks for; tooSmall: the credential's does not reach.
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, err error, need scope.Set, tooSmall bool) error {
	noteRefusal(r.Context(), err)
	var asks []string
	if need != 0 {
		asks = []string{`scope="` + need.String() + `"`}
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		switch {
		case errors.Is(err, errNoCredential):
			g.challenge(w, asks...)
		case e.Kind == fault.Unauthenticated:
			g.challenge(w, append([]string{`error="invalid_token"`, `error_description="` + quotable(e.Message) + `"`}, asks...)...)
		case e.Code == codeScope && tooSmall:
			g.challenge(w, append([]string{`error="` + codeScope + `"`}, asks...)...)
		case e.Code == codeScope:
			g.challenge(w, `error="`+codeScope+`"`)
		}
	}
	return httpserver.WithRenderer(err, apierror.Write)
}

func (g *Guard) challenge(w http.ResponseWriter, params ...string) {
	if g.opts.Realm != "" {
		params = append([]string{`realm="` + g.opts.Realm + `"`}, params...)
	}
	if g.opts.MetadataURL != "" {
		params = append(params, `resource_metadata="`+g.opts.MetadataURL+`"`)
	}
	w.Header().Set("WWW-Authenticate", strings.TrimSpace("Bearer "+strings.Join(params, ", ")))
}

// quotable keeps to the characters RFC 6750 section 3 allows in a description.
func quotable(message string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return -1
		}
		return c
	}, message)
}
