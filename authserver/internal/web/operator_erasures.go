package web

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
)

var (
	erasureStates  = []string{authserver.ErasureWaiting, authserver.ErasureFailing, authserver.ErasureDone}
	erasureColumns = []string{"household", "state", "tries", "failure", "due", "created"}
	erasureBadges  = map[string]string{authserver.ErasureWaiting: "warn", authserver.ErasureRunning: "warn", authserver.ErasureFailing: "bad", authserver.ErasureDone: "good"}
)

func (s *Server) listErasures(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	q, err := searchOf(r.URL.Query(), erasureStates)
	if err != nil {
		return err
	}
	found, err := s.operator.Erasures(r.Context(), q)
	if err != nil {
		return err
	}
	d := listView("erasures", "erasures", q, erasureStates, erasureColumns)
	d.Total, d.Next = found.Total, found.Next
	for i := range found.Rows {
		d.Rows = append(d.Rows, s.erasureRow(&found.Rows[i]))
	}
	return s.showList(w, r, in, d)
}

func (s *Server) erasureRow(e *authserver.Erasure) page.ListRow {
	state, due := page.ListCell{Key: "operator.erasures." + e.State(), Badge: erasureBadges[e.State()]}, page.ListCell{Moment: &e.NextAt}
	switch {
	case e.DoneAt != nil:
		due.Moment = e.DoneAt
	case !s.people.Erases():
		state, due = page.ListCell{Key: "operator.erasures.off", Badge: "bad"}, page.ListCell{Key: "operator.never"}
	case e.ClaimedAt != nil:
		due = page.ListCell{Key: "operator.erasures.now"}
	}
	return page.ListRow{Cells: []page.ListCell{{Text: e.FamilyID}, state, countCell(e.Attempts), erasureFailure(e.Failure), due, {Moment: &e.CreatedAt}}}
}

// erasureFailure is how the last attempt failed.
func erasureFailure(failure string) page.ListCell {
	switch failure {
	case "":
		return page.ListCell{Key: "operator.erasures.none"}
	case authserver.FailureTimeout, authserver.FailureUnreachable:
		return page.ListCell{Key: "operator.erasures." + failure}
	}
	return page.ListCell{Key: "operator.erasures.answered", Fine: failure}
}
