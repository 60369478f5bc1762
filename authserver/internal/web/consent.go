package web

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/httpserver"
)

// Consent asks the person whether the application may have what it asks for.
func (s *Server) Consent(w http.ResponseWriter, r *http.Request, p authserver.ConsentPage) {
	action := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		action += "?" + r.URL.RawQuery
	}
	v := s.newView(w, r, "consent.title", page.PlainName(p.Client.Name))
	v.Signin = p.Signin
	v.FormTargets = leadsTo(p.RedirectURI)
	if err := s.render(w, r, http.StatusOK, v, page.ConsentPage(v, page.NewConsentView(action, p))); err != nil {
		httpserver.Cause(r.Context(), err)
		s.RenderError(w, r, err)
	}
}
