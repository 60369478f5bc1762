package operator

import (
	"context"
	"strings"
	"time"

	"latchkey/authserver"
)

// EventDays is how far back events are looked through.
const EventDays = 90

// Events returns a page of what happened on the instance, newest first. Text is an email
// address, an id, a client address or a request id; State is one of
// authserver.EventGroups.
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
	if q.After.ID != "" {
		f.After = authserver.EventCursor{At: q.After.Created(), ID: q.After.ID}
	}
	rows, err := s.deps.Store.ListEvents(ctx, f)
	if err != nil {
		return none, err
	}
	page := authserver.Found[authserver.Event]{Rows: rows, Total: -1}
	if len(rows) > q.Limit {
		page.Rows = rows[:q.Limit]
		last := &page.Rows[q.Limit-1]
		page.Next = authserver.NewPlace(authserver.OrderNewest, "", last.At, last.ID)
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
