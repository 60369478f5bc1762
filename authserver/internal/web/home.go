package web

import (
	"net/http"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
)

// home tells a person how things stand.
func (s *Server) home(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	data, err := s.homeView(r, in)
	if err != nil {
		return err
	}
	v := s.personalView(w, r, in, "home.title")
	return s.render(w, r, http.StatusOK, v, page.HomePage(v, data))
}

const (
	latelyRows = 30 // of which some may be told as one
	latelyDays = 30
)

// lately is what happened to the account in the last days.
func (s *Server) lately(r *http.Request, in *authserver.Signin) ([]page.ActivityRow, error) {
	f := authserver.EventFilter{Since: s.now().Add(-latelyDays * 24 * time.Hour), Limit: latelyRows}
	found, err := s.events.OfUser(r.Context(), &in.User, false, f)
	if err != nil {
		return nil, err
	}
	names, err := s.namesFor(r.Context(), &in.User, false)
	if err != nil {
		return nil, err
	}
	return names.rows(r.Context(), found)
}

func (s *Server) homeView(r *http.Request, in *authserver.Signin) (page.HomeView, error) {
	d := page.HomeView{CanMail: s.people.CanMail(), CanSeal: s.people.CanSeal(), HasKeys: s.keys != nil}
	var err error
	if d.CodesLeft, err = s.people.RecoveryCodesLeft(r.Context(), &in.User); err != nil {
		return d, err
	}
	if d.Passkeys, err = s.passkeys.List(r.Context(), in.User.ID); err != nil {
		return d, err
	}
	if d.Signins, err = s.people.Signins(r.Context(), in.User.ID); err != nil {
		return d, err
	}
	if d.Devices, err = s.people.Devices(r.Context(), in.User.ID); err != nil {
		return d, err
	}
	apps, err := s.consents.List(r.Context(), in.User.ID)
	if err != nil {
		return d, err
	}
	for _, a := range apps {
		d.Applications = append(d.Applications, page.NewApplicationView(a))
	}
	if d.Lately, err = s.lately(r, in); err != nil {
		return d, err
	}
	d.Keys, err = s.homeKeys(r, in)
	return d, err
}

// homeKeys are the person's keys; those at their limit say how much was refused.
func (s *Server) homeKeys(r *http.Request, in *authserver.Signin) ([]page.KeyView, error) {
	if s.keys == nil {
		return nil, nil
	}
	found, err := s.keys.List(r.Context(), in.User.ID)
	if err != nil {
		return nil, err
	}
	list := make([]page.KeyView, len(found))
	for i, k := range found {
		list[i] = s.newKeyView(k)
		if !list[i].Full() {
			continue
		}
		used, err := s.usage.Key(r.Context(), time.UTC, k.ID)
		if err != nil {
			return nil, err
		}
		list[i].Refused = used.Hours[len(used.Hours)-1].Refused()
	}
	return list, nil
}
