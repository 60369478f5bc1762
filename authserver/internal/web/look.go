package web

import (
	"context"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
)

// lookStep is how many events are read at a time where only some are wanted.
const lookStep = 500

// look goes through events of a person, newest first, in steps that need little memory.
type look struct {
	server *Server
	view   *page.View
	query  string // what the row must say; "": anything
	family bool
	filter authserver.EventFilter // After: the last event that was looked at
	names  *names
	looked int
	done   bool // there are no more
}

func (s *Server) look(ctx context.Context, v *page.View, d page.ActivityView, f authserver.EventFilter) (*look, error) {
	names, err := s.namesFor(ctx, &v.Signin.User, d.Family)
	return &look{server: s, view: v, query: d.Query, family: d.Family, filter: f, names: names}, err
}

// next looks at some more events and returns the rows that say what is searched for, of
// which there may be none; most: how many rows are wanted.
func (l *look) next(ctx context.Context, most int) ([]page.ActivityRow, error) {
	l.filter.Limit = most
	if l.query != "" {
		l.filter.Limit = lookStep
	}
	found, err := l.server.events.OfUser(ctx, &l.view.Signin.User, l.family, l.filter)
	if err != nil {
		return nil, err
	}
	l.done = len(found) < l.filter.Limit
	rows, err := l.names.rows(ctx, found)
	if err != nil {
		return nil, err
	}
	var chosen []page.ActivityRow
	for i := range rows {
		l.looked, l.filter.After = l.looked+1, rows[i].Place()
		says, err := l.view.Says(rows[i], l.query)
		if err != nil {
			return nil, err
		}
		if says {
			chosen = append(chosen, rows[i])
		}
	}
	return chosen, nil
}
