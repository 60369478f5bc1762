package web

import (
	"encoding/csv"
	"net/http"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/pkg/cell"
)

// sendFile answers with the whole list that the address chooses, page by page: a
// list of any length needs little memory. A list that cannot be read to its end is
// cut off, and the browser is told so.
func sendFile[T any](w http.ResponseWriter, r *http.Request, in *authserver.Signin, l listing[T]) error {
	q, err := l.search(r.URL.Query(), authserver.OrderNewest)
	if err != nil {
		return err
	}
	q.After, q.Before, q.Limit, q.Whole = authserver.Place{}, authserver.Place{}, operator.MaxPageSize, true
	found, err := l.find(r.Context(), q)
	if err != nil {
		return err
	}
	out := startSheet(w, r, in, l.file, l.heads...)
	for {
		rows := make([][]string, len(found.Rows))
		for i := range found.Rows {
			rows[i] = l.line(&found.Rows[i])
		}
		if !writeRows(out, rows) || found.Next.ID == "" {
			return nil
		}
		q.After = found.Next
		if found, err = l.find(r.Context(), q); err != nil {
			return breakOff(r, err)
		}
	}
}

// startSheet begins an answer that is a file with columns of these names.
func startSheet(w http.ResponseWriter, r *http.Request, in *authserver.Signin, name string, columns ...string) *csv.Writer {
	annotate(r, in.User.ID)
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	out := csv.NewWriter(w)
	_ = out.Write(columns) // errors stay in out
	return out
}

// writeRows sends rows on; false: nobody listens any more.
func writeRows(out *csv.Writer, rows [][]string) bool {
	for _, row := range rows {
		for i := range row {
			row[i] = cell.EscapeFormula(row[i])
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error() == nil
}

func stamp(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
