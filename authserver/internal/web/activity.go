package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/role"
)

const activityRows = 25 // on a page

var errFilter = fault.New(fault.Malformed, "The address of this page is not complete. Choose again what you want to see.")

func (s *Server) showActivity(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	d := page.ActivityView{MayFamily: in.User.May(role.ManageFamily), Kept: int(s.eventsKept / (24 * time.Hour))}
	f, err := s.readActivity(r, &d)
	if err != nil {
		return err
	}
	found, err := s.events.OfUser(r.Context(), &in.User, d.Family, f)
	if err != nil {
		return err
	}
	if len(found) > activityRows {
		found = found[:activityRows]
		d.Older = found[activityRows-1].Place().String()
	}
	names, err := s.namesFor(r.Context(), &in.User, d.Family)
	if err != nil {
		return err
	}
	if d.Rows, err = names.rows(r.Context(), found); err != nil {
		return err
	}
	v := s.personalView(w, r, in, "activity.title")
	return s.render(w, r, http.StatusOK, v, page.ActivityPage(v, d))
}

func (s *Server) showNotMe(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.personalView(w, r, in, "notme.title")
	return s.render(w, r, http.StatusOK, v, page.NotMePage(v, s.keys != nil))
}

// readActivity reads what is asked for from the address.
func (s *Server) readActivity(r *http.Request, d *page.ActivityView) (authserver.EventFilter, error) {
	q := r.URL.Query()
	d.Group, d.Days = q.Get("kind"), q.Get("days")
	f := authserver.EventFilter{Limit: activityRows + 1}
	if d.Days == "" {
		d.Days = page.ActivityDays[0]
	}
	if !slices.Contains(page.ActivityDays, d.Days) {
		return f, errFilter
	}
	days, err := strconv.Atoi(d.Days)
	if err != nil {
		return f, errFilter
	}
	f.Since = s.now().Add(-time.Duration(days) * 24 * time.Hour)
	for _, g := range authserver.EventGroups {
		if g.Name == d.Group {
			f.Kinds = g.Kinds
		}
	}
	if d.Group != "" && f.Kinds == nil {
		return f, errFilter
	}
	switch q.Get("of") {
	case "", "me":
	case "family":
		d.Family = true
	default:
		return f, errFilter
	}
	f.After, err = authserver.ParsePlace(authserver.OrderNewest, q.Get("before"))
	if d.First = f.After == (authserver.Place{}); err == nil && !d.First && !authserver.ValidID(f.After.ID) {
		err = errFilter
	}
	return f, err
}
