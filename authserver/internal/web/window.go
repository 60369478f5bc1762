package web

import (
	"net/http"

	"latchkey/authserver/internal/web/page"
)

// windowed is the part of a list that the address asks for by name.
func windowed[T any](r *http.Request, name string, list []T, rows int) ([]T, page.Window) {
	w := page.NewWindow(r.URL, name, len(list), rows)
	return list[w.From:w.To], w
}
