package web

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/httpserver"
)

// WrongRedirect says where an application asked to send the person, and where it
// may: enough for its developer to see the difference.
func (s *Server) WrongRedirect(w http.ResponseWriter, r *http.Request, asked string, registered []string) {
	v := s.bareView(r, "redirect.heading")
	body := page.WrongRedirectPage(v, page.NewWrongRedirect(asked, registered))
	if err := s.render(w, r, http.StatusBadRequest, v, body); err != nil {
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
