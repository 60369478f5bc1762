package web

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
)

var eventColumns = []string{"event", "whose", "about", "from", "at"}

func eventStates() []string {
	var list []string
	for _, g := range authserver.EventGroups {
		list = append(list, g.Name)
	}
	return list
}

func (s *Server) listEvents(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	q, err := searchOf(r.URL.Query(), eventStates())
	if err != nil || q.Order != authserver.OrderNewest {
		return errSearch
	}
	found, err := s.operator.Events(r.Context(), q)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for i := range found.Rows {
		names[found.Rows[i].UserID], names[found.Rows[i].ActorID] = "", ""
	}
	if err := s.operator.Names(r.Context(), names); err != nil {
		return err
	}
	d := listView("events", "events", q, eventStates(), eventColumns)
	d.Total, d.Next, d.Unordered = found.Total, found.Next, true
	clients := map[string]string{}
	for i := range found.Rows {
		row, err := s.eventListRow(r.Context(), &found.Rows[i], names, clients)
		if err != nil {
			return err
		}
		d.Rows = append(d.Rows, row)
	}
	return s.showList(w, r, in, d)
}

func (s *Server) eventListRow(ctx context.Context, e *authserver.Event, names, clients map[string]string) (page.ListRow, error) {
	kind := page.ListCell{Text: e.Kind}
	if e.Outcome == authserver.OutcomeFailure {
		kind.Badge = "bad"
	}
	if e.ActorID != e.UserID {
		kind.By = cmp.Or(names[e.ActorID], e.ActorID)
	}
	whose := page.ListCell{Text: shortID(e.UserID)}
	if names[e.UserID] != "" {
		whose = page.ListCell{Text: names[e.UserID], Href: page.OperatorPath + "/people/" + e.UserID}
	}
	about := page.ListCell{Text: shortID(e.SubjectID)}
	if e.ClientID != "" {
		name, err := s.clientName(ctx, clients, e.ClientID)
		if err != nil {
			return page.ListRow{}, err
		}
		if name == e.ClientID { // it is gone, or its name is its address
			name = shortID(name)
		}
		about = page.ListCell{Text: name, Href: oneClient(e.ClientID)}
	}
	return page.ListRow{Cells: []page.ListCell{kind, whose, about, {UserAgent: e.UserAgent, Fine: e.Address}, {Moment: &e.At}}}, nil
}

// shortID is the end of an id: enough to tell some apart. The file has the whole.
func shortID(id string) string {
	if len(id) <= 12 {
		return id
	}
	return "…" + id[len(id)-8:]
}

func (s *Server) eventsFile(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.sendSheet(w, r, in, sheet{
		"events", eventStates(),
		[]string{"id", "at", "event", "outcome", "actor_id", "user_id", "family_id", "client_id", "subject_id", "address", "user_agent", "request_id", "details"},
		func(r *http.Request, q authserver.Search) ([][]string, authserver.Place, error) {
			found, err := s.operator.Events(r.Context(), q)
			rows := make([][]string, 0, len(found.Rows))
			for i := range found.Rows {
				e := &found.Rows[i]
				details, err := json.Marshal(e.Details)
				if err != nil {
					return nil, authserver.Place{}, err
				}
				rows = append(rows, []string{
					e.ID, e.At.UTC().Format(time.RFC3339Nano), e.Kind, e.Outcome, e.ActorID, e.UserID, e.FamilyID, e.ClientID, e.SubjectID,
					e.Address, e.UserAgent, e.RequestID, string(details),
				})
			}
			return rows, found.Next, err
		},
	})
}
