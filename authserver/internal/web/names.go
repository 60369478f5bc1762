package web

import (
	"context"
	"slices"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

// names are what the ids of events stand for, as a person may know it.
type names struct {
	reader          *authserver.User
	family          bool              // the events are of the household, not of the reader alone
	people          map[string]string // of the household
	things, clients map[string]string
	server          *Server
}

func (s *Server) namesFor(ctx context.Context, u *authserver.User, family bool) (*names, error) {
	n := &names{reader: u, family: family, people: map[string]string{}, things: map[string]string{}, clients: map[string]string{}, server: s}
	household, err := s.people.Household(ctx, u)
	if err != nil {
		return nil, err
	}
	for _, m := range slices.Concat(household.Members, household.Away) {
		n.people[m.ID] = m.DisplayName()
	}
	if s.keys != nil {
		if n.things, err = s.keys.Names(ctx, u.ID); err != nil {
			return nil, err
		}
	}
	devices, err := s.people.Devices(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	for _, d := range devices {
		n.things[d.ID] = d.Name
	}
	passkeys, err := s.passkeys.List(ctx, u.ID)
	for _, p := range passkeys {
		n.things[p.ID] = p.Name
	}
	return n, err
}

// rows are events with their names.
func (n *names) rows(ctx context.Context, found []authserver.Event) ([]page.ActivityRow, error) {
	rows := make([]page.ActivityRow, len(found))
	for i, e := range found {
		row := page.ActivityRow{Event: e, Name: n.things[e.SubjectID]}
		if e.ClientID != "" && e.ClientID != authserver.FirstPartyClientID {
			name, err := n.server.clientName(ctx, n.clients, &found[i])
			if err != nil {
				return nil, err
			}
			row.Name, row.Gone = name, name == "" && e.Kind != authserver.EventClientDeleted
		}
		switch {
		case row.AboutPerson() && e.UserID != n.reader.ID:
			row.Name = n.people[e.UserID]
		case n.family:
			row.Who = n.people[e.UserID]
		}
		if e.ActorID != e.UserID && e.ActorID != n.reader.ID {
			row.By = n.people[e.ActorID]
		}
		rows[i] = row
	}
	return rows, n.recognise(ctx, rows)
}

// recognise marks the new sign-ins of which somebody has said that they were theirs.
func (n *names) recognise(ctx context.Context, rows []page.ActivityRow) error {
	oldest := -1
	for i := range rows {
		if rows[i].New() {
			oldest = i
		}
	}
	if oldest < 0 {
		return nil
	}
	said, err := n.server.events.OfUser(ctx, n.reader, n.family, authserver.EventFilter{
		Kinds: []string{authserver.EventSigninRecognised}, Since: rows[oldest].At,
	})
	for i := range rows {
		rows[i].Recognised = rows[i].New() && slices.ContainsFunc(said, func(e authserver.Event) bool {
			return e.SubjectID == rows[i].SubjectID && e.UserID == rows[i].UserID
		})
	}
	return err
}

// clientName is the name of the client of an event; "": it is gone, and none of the events
// until then, which are newer, tells what it was called.
func (s *Server) clientName(ctx context.Context, known map[string]string, e *authserver.Event) (string, error) {
	if name, ok := known[e.ClientID]; ok {
		return name, nil
	}
	c, err := s.findClient(ctx, e.ClientID)
	switch {
	case fault.Is(err, fault.NotFound):
		known[e.ClientID] = ""
		if name := e.Details[authserver.DetailApplication]; name != "" {
			known[e.ClientID] = page.PlainName(name)
		}
	case err != nil:
		return "", err
	default:
		known[e.ClientID] = c.Name
	}
	return known[e.ClientID], nil
}
