package web

import (
	"net/http"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/httpserver"
)

// activityFile answers with all events that the address chooses, as the page tells them. A
// file that cannot be read to its end is cut off, and the browser is told so.
func (s *Server) activityFile(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	var d page.ActivityView
	f, err := s.readActivity(r, &d)
	if err != nil {
		return err
	}
	l, err := s.look(r.Context(), s.personalView(w, r, in, "activity.title"), d, f)
	if err != nil {
		return err
	}
	found, err := l.next(r.Context(), lookStep)
	if err != nil {
		return err
	}
	out := startSheet(w, r, in, "activity", "at", "event", "outcome", "what", "whose", "by", "browser", "address")
	for {
		rows := make([][]string, len(found))
		for i := range found {
			if rows[i], err = l.cells(&found[i]); err != nil {
				return breakOff(r, err)
			}
		}
		if !writeRows(out, rows) || l.done {
			return nil
		}
		if found, err = l.next(r.Context(), lookStep); err != nil {
			return breakOff(r, err)
		}
	}
}

// cells are a row of the file: from where somebody else did it is not the reader's business.
func (l *look) cells(row *page.ActivityRow) ([]string, error) {
	what, err := l.view.Sentence(*row)
	if err != nil {
		return nil, err
	}
	cells := []string{row.At.UTC().Format(time.RFC3339), row.Kind, row.Outcome, what, row.Who, row.By, "", ""}
	if row.ByAnother(l.view.Signin.User.ID) {
		return cells, nil
	}
	cells[7] = row.Address
	cells[6], err = l.view.Browser(row.UserAgent)
	return cells, err
}

// breakOff ends an answer that has begun: a file without its end must not look whole.
func breakOff(r *http.Request, err error) error {
	httpserver.Cause(r.Context(), err)
	panic(http.ErrAbortHandler)
}
