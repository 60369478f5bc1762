package web

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
)

var eventColumns = []string{"event", "whose", "about", "from", "at"}

func eventStates() []string {
	var list []string
	for _, g := range authserver.EventGroups {
		list = append(append(list, g.Name), g.Kinds...)
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
		names[found.Rows[i].UserID], names[found.Rows[i].ActorID], names[found.Rows[i].SubjectID] = "", "", ""
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
	whose, about := named(names, e.UserID), named(names, e.SubjectID)
	if e.SubjectID == e.UserID {
		about = page.ListCell{}
	}
	if e.SubjectID != "" && authserver.EventGroupOf(e.Kind) == "keys" {
		about.Href = page.OperatorPath + "/keys?" + url.Values{"q": {e.SubjectID}}.Encode()
	}
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
	return page.ListRow{Cells: []page.ListCell{whatHappened(e, names), whose, about, {UserAgent: e.UserAgent, Fine: e.Address}, {Moment: &e.At}}}, nil
}

// whatHappened tells of e in words, and who did it to somebody else.
func whatHappened(e *authserver.Event, names map[string]string) page.ListCell {
	c := page.ListCell{Key: page.EventText(e), Also: page.EventReason(e)}
	if e.Outcome == authserver.OutcomeFailure {
		c.Badge = "bad"
	}
	switch e.ActorID {
	case e.UserID:
	case authserver.ActorOperator:
		c.Also = "operator.events.cli"
	case authserver.ActorServer:
		c.Also = "event.by.server"
	default:
		c.By = cmp.Or(names[e.ActorID], shortID(e.ActorID))
	}
	return c
}

// named leads to the person with an id. What is no person, or gone, goes by the id.
func named(names map[string]string, id string) page.ListCell {
	if names[id] == "" {
		return page.ListCell{Text: shortID(id)}
	}
	return page.ListCell{Text: names[id], Href: page.OperatorPath + "/people/" + id}
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
