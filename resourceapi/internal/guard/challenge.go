package guard

import (
	"errors"
	"net/http"
	"strings"

	"latchkey/pkg/fault"
	"latchkey/pkg/introspection"
)

// challenge tells a refused caller where to get a credential (RFC 9728 section
// 5.1) and, when there was one, that it is no good (RFC 6750 section 3).
func (g *Guard) challenge(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Unauthenticated {
		return
	}
	if errors.Is(err, introspection.ErrNoCredential) {
		g.setChallenge(w)
		return
	}
	g.setChallenge(w, `error="invalid_token"`, `error_description="`+quotable(e.Message)+`"`)
}

func (g *Guard) setChallenge(w http.ResponseWriter, params ...string) {
	params = append(params, `resource_metadata="`+g.opts.MetadataURL+`"`)
	w.Header().Set("WWW-Authenticate", "Bearer "+strings.Join(params, ", "))
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
