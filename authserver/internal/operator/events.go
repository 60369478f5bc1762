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
	for _, place := range []authserver.Place{q.After, q.Before} {
		if place.ID != "" && !authserver.ValidID(place.ID) {
			return none, authserver.ErrPlace
		}
	}
	f.After, f.Before = q.After, q.Before
	return s.eventsPage(ctx, f, q)
}

// eventsPage reads one row too many, and looks whether there is one on the other side.
func (s *Service) eventsPage(ctx context.Context, f authserver.EventFilter, q authserver.Search) (authserver.Found[authserver.Event], error) {
	page, back := authserver.Found[authserver.Event]{Total: -1}, q.Before.ID != ""
	rows, err := s.deps.Store.ListEvents(ctx, f)
	if err != nil || len(rows) == 0 {
		return page, err
	}
	more, other := len(rows) > q.Limit, false
	if page.Rows = rows[:min(len(rows), q.Limit)]; back && more {
		page.Rows = rows[1:]
	}
	first, last := page.Rows[0].Place(), page.Rows[len(page.Rows)-1].Place()
	if !q.Whole && (back || q.After.ID != "") {
		if f.After, f.Before, f.Limit = (authserver.Place{}), first, 1; back {
			f.After, f.Before = last, authserver.Place{}
		}
		if rows, err = s.deps.Store.ListEvents(ctx, f); err != nil {
			return page, err
		}
		other = len(rows) > 0
	}
	if back {
		more, other = other, more
	}
	if more {
		page.Next = last
	}
	if other {
		page.Previous = first
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
	found, err := s.deps.Store.SearchUsers(ctx, authserver.Search{Text: email, Limit: MaxPageSize, Whole: true}, s.deps.Now())
	for i := range found.Rows {
		if found.Rows[i].Email == email {
			return found.Rows[i].ID, err
		}
	}
	return "", err
}

// Names returns the addresses of people by their ids. Who is gone is left out.
func (s *Service) Names(ctx context.Context, ids map[string]string) error {
	found, err := s.deps.Store.UserEmails(ctx, validIDs(ids))
	maps.Copy(ids, found)
	return err
}

// Things returns the names of what events tell of by their ids, ended or not: keys, passkeys,
// devices, invitations, invites, tokens and clients. What is gone is left out; "": it has no name.
func (s *Service) Things(ctx context.Context, found []authserver.Event) (map[string]string, error) {
	subjects, clients := map[string]string{}, map[string]string{}
	for i := range found {
		subjects[found[i].SubjectID], clients[found[i].ClientID] = "", ""
	}
	return s.deps.Store.NamesOf(ctx, validIDs(subjects), slices.Collect(maps.Keys(clients)))
}

func validIDs(ids map[string]string) []string {
	var valid []string
	for id := range ids {
		if authserver.ValidID(id) {
			valid = append(valid, id)
		}
	}
	return valid
}
