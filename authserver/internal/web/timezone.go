package web

import (
	"log/slog"
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/role"
)

// timeZone is what the page of the family says of its time zone: that it is not known
// is no reason not to show the rest.
func (s *Server) timeZone(r *http.Request, in *authserver.Signin) page.TimeZoneView {
	own, err := s.people.FamilySettings(r.Context(), &in.User)
	if err != nil {
		s.log.LogAttrs(r.Context(), slog.LevelWarn, "time zone of a family", slog.String("error", err.Error()))
	}
	return page.TimeZoneView{FamilySettings: own, Known: err == nil}
}

// mayChangeTimeZone hides the form from whoever cannot send it.
func (s *Server) mayChangeTimeZone(in *authserver.Signin) error {
	if !s.people.AsksForData() {
		return fault.New(fault.NotFound, "There is nothing at this address.")
	}
	if !in.User.May(role.ManageFamily) {
		return fault.New(fault.Forbidden, "Only an admin of the family can do this.")
	}
	return nil
}

func (s *Server) showTimeZone(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if err := s.mayChangeTimeZone(in); err != nil {
		return err
	}
	own, err := s.people.FamilySettings(r.Context(), &in.User)
	if err != nil {
		return err
	}
	v := s.personalView(w, r, in, "time_zone.title")
	return s.render(w, r, http.StatusOK, v, page.TimeZonePage(v, page.TimeZoneView{FamilySettings: own, Known: true}))
}

func (s *Server) changeTimeZone(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if err := s.mayChangeTimeZone(in); err != nil {
		return err
	}
	seen, zone := r.PostForm.Get("seen"), r.PostForm.Get("time_zone")
	if err := s.people.SetTimeZone(r.Context(), &in.User, seen, zone); err != nil {
		v := s.personalView(w, r, in, "time_zone.title")
		now := page.TimeZoneView{FamilySettings: authserver.FamilySettings{TimeZone: seen}}
		if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
			now = s.timeZone(r, in)
		}
		if !fault.Is(err, fault.Invalid) {
			now.Chosen = zone
		}
		return s.again(w, r, v, page.TimeZonePage(v, now), err, "time_zone")
	}
	return redirect(w, r, "/settings/family?done=time-zone")
}
