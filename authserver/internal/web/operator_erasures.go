package web

import (
	"strconv"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
)

var (
	erasureStates  = []string{authserver.ErasureWaiting, authserver.ErasureFailing, authserver.ErasureDone}
	erasureColumns = []string{"household", "state", "tries", "failure", "due", "created"}
	erasureBadges  = map[string]string{authserver.ErasureWaiting: "warn", authserver.ErasureRunning: "warn", authserver.ErasureFailing: "bad", authserver.ErasureDone: "good"}
)

func (s *Server) erasureList() listing[authserver.Erasure] {
	return listing[authserver.Erasure]{
		key: "erasures", file: "erasures", filters: chosenBy(erasureStates), orders: ordinary, columns: erasureColumns,
		find: s.operator.Erasures, rows: oneByOne(s.erasureRow),
		heads: []string{"family_id", "state", "attempts", "failure", "next_attempt_at", "done_at", "created_at"},
		line: func(e *authserver.Erasure) []string {
			return []string{e.FamilyID, e.State(), strconv.Itoa(e.Attempts), e.Failure, stamp(&e.NextAt), stamp(e.DoneAt), stamp(&e.CreatedAt)}
		},
	}
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
