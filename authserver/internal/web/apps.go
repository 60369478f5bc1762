package web

import (
	"errors"
	"net/http"
	"net/url"

	"latchkey/authserver"
	"latchkey/authserver/internal/consent"
	"latchkey/authserver/internal/web/page"
)

func (s *Server) showApplications(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	found, err := s.consents.List(r.Context(), in.User.ID)
	if err != nil {
		return err
	}
	list := make([]page.ApplicationView, 0, len(found))
	for _, a := range found {
		list = append(list, page.NewApplicationView(a))
	}
	v := s.personalView(w, r, in, "apps.title")
	return s.render(w, r, http.StatusOK, v, page.AppsPage(v, list))
}

func (s *Server) showApplication(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	a, err := s.consents.Find(r.Context(), in.User.ID, r.URL.Query().Get("client_id"))
	if err != nil {
		return err
	}
	data := page.NewApplicationView(*a)
	data.Can = page.NewAbility(data.Scope, &in.User, s.graceDays())
	data.Can.Given = true
	if data.Installations, err = s.consents.Installations(r.Context(), in.User.ID, a.Client.ID); err != nil {
		return err
	}
	if data.Usage, err = s.grantUsage(r, in, a.Client.ID); err != nil {
		return err
	}
	v := s.personalView(w, r, in, "app.title", data.Name)
	if r.URL.Query().Has("remove") {
		v.Title = "app.remove.heading"
		return s.render(w, r, http.StatusOK, v, page.AppRemovePage(v, data))
	}
	return s.render(w, r, http.StatusOK, v, page.AppPage(v, data))
}

func (s *Server) revokeApplication(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if id := r.PostForm.Get("grant"); id != "" {
		return s.endInstallation(w, r, in, id)
	}
	err := s.consents.Revoke(r.Context(), in.User.ID, r.PostForm.Get("client_id"))
	if err != nil && !errors.Is(err, consent.ErrNone) { // gone already is what was wanted
		return err
	}
	return redirect(w, r, "/settings/applications?done=app-revoked")
}

// endInstallation ends one grant of an application and leaves the others.
func (s *Server) endInstallation(w http.ResponseWriter, r *http.Request, in *authserver.Signin, id string) error {
	client := r.PostForm.Get("client_id")
	if err := s.consents.EndInstallation(r.Context(), in.User.ID, client, id); err != nil {
		return err
	}
	return redirect(w, r, "/settings/applications/one?"+url.Values{"client_id": {client}, "done": {"installation-ended"}}.Encode())
}
