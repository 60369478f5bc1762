package operator

import (
	"context"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

// EventDays is how far back events are looked through.
const EventDays = 90

var errPlace = fault.New(fault.Malformed, "This page of the list does not exist. Start at the first one.")

// Events returns a page of what happened on the instance, newest first. Text is an email
// address, an id, a client address or a request id; State is one of
// authserver.EventGroups. fault.Malformed: q.After is the place of no event.
func (s *Service) Events(ctx context.Context, q authserver.Search) (authserver.Found[authserver.Event], error) {
	var none authserver.Found[authserver.Event]
	q = bounded(q)
	f := authserver.EventFilter{About: q.Text, Since: s.deps.Now().Add(-EventDays * 24 * time.Hour), Limit: q.Limit + 1}
	if strings.Contains(q.Text, "@") {
		found, err := s.deps.Store.SearchUsers(ctx, authserver.Search{Text: q.Text, Limit: 1})
		if err != nil || len(found.Rows) == 0 {
			return none, err
		}
		f.About = found.Rows[0].ID
	}
	for _, g := range authserver.EventGroups {
		if g.Name == q.State {
			f.Kinds = g.Kinds
		}
	}
	if f.After = q.After; q.After.ID != "" && !authserver.ValidID(q.After.ID) {
		return none, errPlace
	}
	rows, err := s.deps.Store.ListEvents(ctx, f)
	if err != nil {
		return none, err
	}
	page := authserver.Found[authserver.Event]{Rows: rows, Total: -1}
	if len(rows) > q.Limit {
		page.Rows = rows[:q.Limit]
		page.Next = page.Rows[q.Limit-1].Place()
	}
	return page, nil
}

// Names returns the addresses of people by their ids. Who is gone is left out.
func (s *Service) Names(ctx context.Context, ids map[string]string) error {
	for id := range ids {
		if !authserver.ValidID(id) {
			continue
		}
		found, err := s.deps.Store.SearchUsers(ctx, authserver.Search{Text: id, Limit: 1})
		if err != nil {
			return err
		}
		if len(found.Rows) > 0 && found.Rows[0].ID == id {
			ids[id] = found.Rows[0].Email
		}
	}
	return nil
}
