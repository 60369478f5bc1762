package guard

import "net/http"

// Require refuses p, who was admitted for less, unless it meets need too. The error
// is answered as those of Admit are, and its challenge is set on w.
func (g *Guard) Require(w http.ResponseWriter, p *Principal, need Need) error {
	if err := need.refusal(p, g.opts.OwnClient); err != nil {
		return g.refuse(w, err, need.Scope, false)
	}
	if !p.Granted.Satisfies(need.Scope) {
		return g.refuse(w, InsufficientScope("This action requires the '"+need.Scope.String()+"' scope"), need.Scope, true)
	}
	return nil
}
