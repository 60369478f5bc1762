package web

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
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

func (s *Server) eventList() listing[authserver.Event] {
	return listing[authserver.Event]{
		key: "events", file: "events", orders: []string{authserver.OrderNewest}, columns: eventColumns,
		filters: []page.ListFilter{{Name: "state", Label: "activity.kind", Any: "operator.any", Options: eventStates(), Kinds: true}},
		find:    s.operator.Events, rows: s.eventRows,
		heads: []string{"id", "at", "event", "outcome", "actor_id", "user_id", "family_id", "client_id", "subject_id", "address", "user_agent", "request_id", "details"},
		line: func(e *authserver.Event) []string {
			details, _ := json.Marshal(e.Details) // there is always a text for texts
			return []string{
				e.ID, e.At.UTC().Format(time.RFC3339Nano), e.Kind, e.Outcome, e.ActorID, e.UserID, e.FamilyID, e.ClientID, e.SubjectID,
				e.Address, e.UserAgent, e.RequestID, string(details),
			}
		},
	}
}

func (s *Server) eventRows(ctx context.Context, _ *authserver.User, found []authserver.Event) ([]page.ListRow, error) {
	people := map[string]string{}
	for i := range found {
		people[found[i].UserID], people[found[i].ActorID], people[found[i].SubjectID] = "", "", ""
	}
	if err := s.operator.Names(ctx, people); err != nil {
		return nil, err
	}
	things, err := s.operator.Things(ctx, found)
	if err != nil {
		return nil, err
	}
	rows, were := make([]page.ListRow, len(found)), map[string]string{}
	for i := range found {
		e := &found[i]
		if name := e.Details[authserver.DetailApplication]; name != "" {
			were[e.ClientID] = page.PlainName(name)
		}
		rows[i] = page.ListRow{Cells: []page.ListCell{
			whatHappened(e, people), personOf(people, e.UserID), aboutOf(e, people, things, were), {UserAgent: e.UserAgent, Fine: e.Address}, {Moment: &e.At},
		}}
	}
	return rows, nil
}

// thingOf is what an event is about; "": the account, or a person.
func thingOf(e *authserver.Event) string {
	switch of, _, _ := strings.Cut(e.Kind, "."); {
	case e.ClientID != "":
		return "application"
	case e.Kind == authserver.EventMemberInvited || e.Kind == authserver.EventInvitationRevoked:
		return "invitation"
	case of == "apikey":
		return "key"
	case of == "registration_token":
		return "token"
	case of == "passkey" || of == "device" || of == "identity" || of == "invite":
		return of
	}
	return ""
}

// aboutOf is what happened to what: by its name, or by what it was. were are the names of
// applications that are gone.
func aboutOf(e *authserver.Event, people, things, were map[string]string) page.ListCell {
	thing, id := thingOf(e), e.SubjectID
	switch thing {
	case "application":
		id = e.ClientID
	case "":
		if people[id] == "" || id == e.UserID {
			return page.ListCell{}
		}
		return personOf(people, id)
	}
	name, ok := things[id]
	switch {
	case !ok && were[id] != "":
		return page.ListCell{Text: were[id], Also: "operator.gone"}
	case !ok:
		return gone(thing)
	case name == "":
		return page.ListCell{Key: "operator.thing." + thing}
	case thing == "application":
		return page.ListCell{Text: page.PlainName(name), Href: oneClient(id)}
	case thing == "key":
		return page.ListCell{Text: name, Href: page.OperatorPath + "/keys?" + url.Values{"q": {id}}.Encode()}
	}
	return page.ListCell{Text: name}
}

// gone says what a thing was that nothing is known of any more.
func gone(thing string) page.ListCell {
	return page.ListCell{Key: "operator.thing." + thing, Also: "operator.gone"}
}

// whatHappened tells of e in words, and who did it to somebody else.
func whatHappened(e *authserver.Event, people map[string]string) page.ListCell {
	c := page.ListCell{Key: page.EventText(e), Also: page.EventReason(e)}
	if e.Outcome == authserver.OutcomeFailure {
		c.Badge = "bad"
	}
	switch e.ActorID {
	case e.UserID, "": // nobody is known to have done it
	case authserver.ActorOperator:
		c.Also = "operator.events.cli"
	case authserver.ActorServer:
		c.Also = "event.by.server"
	default:
		if c.By = people[e.ActorID]; c.By == "" {
			c.Also = "operator.events.bygone"
		}
	}
	return c
}

// personOf leads to the person with an id.
func personOf(people map[string]string, id string) page.ListCell {
	switch {
	case id == "":
		return page.ListCell{}
	case people[id] == "":
		return gone("account")
	}
	return page.ListCell{Text: people[id], Href: page.OperatorPath + "/people/" + id}
}
