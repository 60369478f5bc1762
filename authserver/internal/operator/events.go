package operator

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

// eventDays is how far back events are looked through.
const eventDays = 90

var errPlace = fault.New(fault.Malformed, "This page of the list does not exist. Start at the first one.")

// Events returns a page of what happened on the instance, newest first. Text is an email
// address, an id, a client address, a request id or a kind; State is the name of one of
// authserver.EventGroups, or a kind. fault.Malformed: q.After is the place of no event.
func (s *Service) Events(ctx context.Context, q authserver.Search) (authserver.Found[authserver.Event], error) {
	var none authserver.Found[authserver.Event]
	q = bounded(q)
	f := authserver.EventFilter{About: q.Text, Since: s.deps.Now().Add(-eventDays * 24 * time.Hour), Limit: q.Limit + 1}
	if strings.Contains(q.Text, "@") {
		id, err := s.whoHas(ctx, authserver.NormalizeEmail(q.Text))
		if err != nil || id == "" {
			return none, err
		}
		f.About = id
	}
	f.Kinds = kindsOf(q.State)
	if authserver.EventGroupOf(q.Text) != "" {
		f.About = ""
		if f.Kinds == nil || slices.Contains(f.Kinds, q.Text) {
			f.Kinds = []string{q.Text}
		} else {
			return none, nil
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

// kindsOf returns the kinds of a group, or the one kind of that name; nil: any.
func kindsOf(state string) []string {
	if authserver.EventGroupOf(state) != "" {
		return []string{state}
	}
	for _, g := range authserver.EventGroups {
		if g.Name == state {
			return g.Kinds
		}
	}
	return nil
}

// whoHas returns the id of whoever has an address, or had it while the account was open;
// "": nobody. It does not look at names, which people choose themselves.
func (s *Service) whoHas(ctx context.Context, email string) (string, error) {
	u, err := s.deps.Store.FindUserByEmail(ctx, email)
	if err == nil {
		return u.ID, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return "", err
	}
	found, err := s.deps.Store.SearchUsers(ctx, authserver.Search{Text: email, Limit: MaxPageSize})
	for i := range found.Rows {
		if found.Rows[i].Email == email {
			return found.Rows[i].ID, err
		}
	}
	return "", err
}

// Names returns the addresses of people by their ids. Who is gone is left out.
func (s *Service) Names(ctx context.Context, ids map[string]string) error {
	var people []string
	for id := range ids {
		if authserver.ValidID(id) {
			people = append(people, id)
		}
	}
	found, err := s.deps.Store.UserEmails(ctx, people)
	maps.Copy(ids, found)
	return err
}
