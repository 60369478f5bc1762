package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/role"
)

const (
	activityRows = 25 // on a page
	// What one page costs at most: events that a search looks through, and that are counted.
	searchedEvents = 5000
	countedEvents  = 1000
)

var errFilter = fault.New(fault.Malformed, "The address of this page is not complete. Choose again what you want to see.")

func (s *Server) showActivity(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	d := page.ActivityView{MayFamily: in.User.May(role.ManageFamily), Kept: int(s.eventsKept / (24 * time.Hour))}
	f, err := s.readActivity(r, &d)
	if err != nil {
		return err
	}
	v := s.personalView(w, r, in, "activity.title")
	l, err := s.look(r.Context(), v, d, f)
	if err != nil {
		return err
	}
	for len(d.Rows) <= activityRows && l.looked < searchedEvents && !l.done {
		found, err := l.next(r.Context(), activityRows+1-len(d.Rows))
		if err != nil {
			return err
		}
		d.Rows = append(d.Rows, found...)
	}
	switch {
	case len(d.Rows) > activityRows:
		d.Rows = d.Rows[:activityRows]
		d.Older = d.Rows[activityRows-1].Place().String()
	case !l.done:
		d.Older, d.Looked = l.filter.After.String(), l.looked
	}
	if d.First && d.Query == "" && d.Older != "" {
		if d.Total, err = s.events.CountOf(r.Context(), &in.User, d.Family, f, countedEvents+1); err != nil {
			return err
		}
		if d.Total > countedEvents {
			d.Total = 0
		}
	}
	return s.render(w, r, http.StatusOK, v, page.ActivityPage(v, d))
}

// readActivity reads what is asked for from the address.
func (s *Server) readActivity(r *http.Request, d *page.ActivityView) (authserver.EventFilter, error) {
	q := r.URL.Query()
	d.Group, d.Days, d.Query = q.Get("kind"), q.Get("days"), strings.TrimSpace(q.Get("q"))
	var f authserver.EventFilter
	if len(d.Query) > maxSearch || !areText(q) {
		return f, errFilter
	}
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
