package guard

import (
	"net/http"

	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/scope"
	"latchkey/resourceapi"
)

// Require lets only callers whose credential has the scope reach h; the others
// get 403 insufficient_scope, before their body is read. Wording is how the
// contract names the scope to people: "read", "write" or "read_write" (section
// 4.2). Without Authenticate in front, nobody is let through.
func (g *Guard) Require(need scope.Set, wording string, h httpserver.Handler) httpserver.Handler {
	refusal := fault.Newf(fault.Forbidden, "This action requires the '%s' scope", wording).WithCode("insufficient_scope")
	return func(w http.ResponseWriter, r *http.Request) error {
		p, ok := resourceapi.PrincipalFrom(r.Context())
		if !ok {
			g.setChallenge(w)
			return fault.New(fault.Unauthenticated, messageKey)
		}
		if !p.Scope.Satisfies(need) {
			g.setChallenge(w, `error="insufficient_scope"`, `scope="`+need.String()+`"`)
			return refusal
		}
		return h(w, r)
	}
}
