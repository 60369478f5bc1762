package web

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/httpserver"
)

// Untrusted says what a request came with that cannot be trusted. What is registered only
// the client's owner learns: for others it would be a list of addresses to attack.
func (s *Server) Untrusted(w http.ResponseWriter, r *http.Request, u authserver.UntrustedRequest) {
	v := s.errorView(w, r, http.StatusBadRequest, "redirect.heading")
	if err := s.render(w, r, http.StatusBadRequest, v, page.UntrustedPage(v, page.NewUntrusted(v, u))); err != nil {
		httpserver.Cause(r.Context(), err)
		s.RenderError(w, r, err)
	}
}

// Consent asks the person whether the application may have what it asks for.
func (s *Server) Consent(w http.ResponseWriter, r *http.Request, p authserver.ConsentPage) {
	action := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		action += "?" + r.URL.RawQuery
	}
	data := page.NewConsentView(action, p, s.graceDays())
	r = s.knowing(w, r, p.Signin)
	v := s.newView(w, r, "consent.title", data.Name)
	if data.Name == "" {
		v.Title, v.TitleArgs = "consent.title.local", nil
	}
	v.Signin = p.Signin
	v.LeadsAnywhere = true
	status := http.StatusOK
	if p.Stale {
		status, v.Alert = http.StatusForbidden, s.site.SayFault(v.Language, authserver.ErrStaleForm)
	}
	if err := s.render(w, r, status, v, page.ConsentPage(v, data)); err != nil {
		httpserver.Cause(r.Context(), err)
		s.RenderError(w, r, err)
	}
}
