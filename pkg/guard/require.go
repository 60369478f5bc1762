package guard

import (
	"net/http"

	"latchkey/pkg/keyuse"
)

// Require refuses p, who was admitted for less, unless it meets need too. The error
// is answered as those of Admit are, and its challenge is set on w.
func (g *Guard) Require(w http.ResponseWriter, r *http.Request, p *Principal, need Requirement) error {
	err, tooSmall := need.refusal(p, g.opts.OwnClient), false
	if err == nil && !p.Granted.Satisfies(need.Scope) {
		err = InsufficientScope("This action requires the '" + need.Scope.String() + "' scope").WithCause(ruleScope)
		tooSmall = true
	}
	if err != nil {
		p.looked.note(r.Context())
		g.noteUse(r, p, g.opts.Now(), keyuse.Forbidden)
		return g.refuse(w, r, err, need.Scope, tooSmall)
	}
	return nil
}
