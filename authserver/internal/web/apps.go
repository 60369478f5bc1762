package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"latchkey/authserver"
	"latchkey/authserver/internal/consent"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

func (s *Server) showApplications(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	allowed, err := s.consents.List(r.Context(), in.User.ID)
	if err != nil {
		return err
	}
	ended, err := s.consents.Ended(r.Context(), in.User.ID, allowed)
	if err != nil {
		return err
	}
	d := page.AppsView{Allowed: len(allowed), EndedCount: len(ended)}
	switch r.URL.Query().Get("show") {
	case "":
		err = s.allowedApplications(r, in, allowed, &d)
	case page.AppsEnded:
		err = s.endedApplications(r, ended, &d)
	default:
		err = errFilter
	}
	if err != nil {
		return err
	}
	v := s.personalView(w, r, in, "apps.title")
	return s.render(w, r, http.StatusOK, v, page.AppsPage(v, d))
}

// allowedApplications are those in use, then those that are hardly needed any more.
func (s *Server) allowedApplications(r *http.Request, in *authserver.Signin, allowed []authserver.Application, d *page.AppsView) error {
	calls, err := s.usage.Applications(r.Context(), in.User.ID)
	if err != nil {
		return err
	}
	list := make([]page.ApplicationView, len(allowed))
	for i, a := range allowed {
		list[i] = page.NewApplicationView(a)
		list[i].Calls = calls[a.Client.ID]
		list[i].Group = page.AppGroup(&list[i].Application, s.now())
	}
	slices.SortStableFunc(list, func(a, b page.ApplicationView) int { return cmp.Compare(a.Group, b.Group) })
	d.List, d.Window = windowed(r, "from", list, page.Rows)
	return nil
}

func (s *Server) endedApplications(r *http.Request, ended []authserver.Grant, d *page.AppsView) error {
	d.ShowEnded = true
	shown, window := windowed(r, "from", ended, page.Rows)
	d.Window = window
	for i := range shown {
		c, err := s.findClient(r.Context(), shown[i].ClientID)
		if fault.Is(err, fault.NotFound) {
			continue // deleted since
		}
		if err != nil {
			return err
		}
		d.Ended = append(d.Ended, page.NewEndedView(c, &shown[i]))
	}
	return nil
}

func (s *Server) showApplication(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	data, err := s.usedApplication(r, in)
	if err != nil {
		return err
	}
	v := s.personalView(w, r, in, "app.title", data.Name)
	return s.render(w, r, http.StatusOK, v, page.AppPage(v, data))
}

// usedApplication is the application that the address names, which the person has allowed.
func (s *Server) usedApplication(r *http.Request, in *authserver.Signin) (page.ApplicationView, error) {
	a, err := s.consents.Find(r.Context(), in.User.ID, r.URL.Query().Get("client_id"))
	if err != nil {
		return page.ApplicationView{}, err
	}
	d := page.NewApplicationView(*a)
	d.Can = page.NewAbility(d.Scope, &in.User, s.graceDays())
	d.Can.Given = true
	if d.Installations, err = s.consents.Installations(r.Context(), in.User.ID, a.Client.ID); err != nil {
		return d, err
	}
	d.Usage, err = s.grantUsage(r, in, a.Client.ID)
	return d, err
}

// askRevokeApplication says what an application loses.
func (s *Server) askRevokeApplication(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	d, err := s.usedApplication(r, in)
	if err != nil {
		return err
	}
	return s.askFirst(w, r, in, page.AskView{
		Key: "app_remove", Back: d.Link, From: d.Name, Of: &d, Action: "/settings/applications", Fields: []page.Carried{{Name: "client_id", Value: d.Client.ID}},
		Happens: []page.Happening{{Key: "happens.installations", Count: len(d.Installations)}, {Key: "happens.calls", Count: int(d.Usage.Calls())}},
	}, d.Name)
}

// askEndInstallation says what the end of one grant of an application does.
func (s *Server) askEndInstallation(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	d, err := s.usedApplication(r, in)
	if err != nil {
		return err
	}
	id := r.URL.Query().Get("grant")
	i := slices.IndexFunc(d.Installations, func(g authserver.Grant) bool { return g.ID == id })
	if i < 0 {
		return errNowhere
	}
	facts := []page.Fact{{Key: "allowed", Cell: page.ListCell{Moment: &d.Installations[i].CreatedAt}}}
	if used := d.Installations[i].UsedAt; used != nil {
		facts = append(facts, page.Fact{Key: "used", Cell: page.ListCell{Moment: used}})
	}
	return s.askFirst(w, r, in, page.AskView{
		Key: "installation_end", Back: d.Link, From: d.Name, Of: &d, Action: "/settings/applications", Facts: facts,
		Fields: []page.Carried{{Name: "client_id", Value: d.Client.ID}, {Name: "grant", Value: id}},
	}, d.Name)
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
	return redirect(w, r, page.ApplicationPath+"?"+url.Values{"client_id": {client}, "done": {"installation-ended"}}.Encode())
}
