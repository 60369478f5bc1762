package web

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
)

// askFirst shows the page that asks before something of the person's ends. name: what it
// is; none where the heading needs none.
func (s *Server) askFirst(w http.ResponseWriter, r *http.Request, in *authserver.Signin, d page.AskView, name ...any) error {
	v := s.personalView(w, r, in, d.Key+".heading", name...)
	return s.render(w, r, http.StatusOK, v, page.AskPage(v, d))
}
