package web

import (
	"context"
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
	if d.Rows, err = s.named(r.Context(), in, d.Family, found); err != nil {
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

// named finds the names of what events tell of.
func (s *Server) named(ctx context.Context, in *authserver.Signin, family bool, found []authserver.Event) ([]page.ActivityRow, error) {
	people, things := map[string]string{}, map[string]string{}
	household, err := s.people.Household(ctx, &in.User)
	if err != nil {
		return nil, err
	}
	for _, m := range slices.Concat(household.Members, household.Away) {
		people[m.ID] = m.DisplayName()
	}
	if s.keys != nil {
		list, err := s.keys.List(ctx, in.User.ID)
		if err != nil {
			return nil, err
		}
		for _, k := range list {
			things[k.ID] = k.Name
		}
	}
	devices, err := s.people.Devices(ctx, in.User.ID)
	if err != nil {
		return nil, err
	}
	for _, d := range devices {
		things[d.ID] = d.Name
	}
	rows := make([]page.ActivityRow, len(found))
	clients := map[string]string{}
	for i, e := range found {
		row := page.ActivityRow{Event: e, Name: things[e.SubjectID]}
		if e.ClientID != "" && e.ClientID != authserver.FirstPartyClientID {
			if row.Name, err = s.clientName(ctx, clients, e.ClientID); err != nil {
				return nil, err
			}
		}
		if family {
			row.Who = people[e.UserID]
		}
		if e.ActorID != e.UserID {
			row.By = people[e.ActorID]
		}
		rows[i] = row
	}
	return rows, nil
}

// clientName is the name of a client; its id where it is gone.
func (s *Server) clientName(ctx context.Context, known map[string]string, id string) (string, error) {
	if name, ok := known[id]; ok {
		return name, nil
	}
	c, err := s.findClient(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		known[id] = id
	case err != nil:
		return "", err
	default:
		known[id] = c.Name
	}
	return known[id], nil
}
