package httpserver

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Methods is what a path does, by method. HEAD comes with GET (RFC 9110
// section 9.3.2).
type Methods map[string]http.Handler

// Allow is the Allow field of the path (RFC 9110 section 10.2.1).
func (m Methods) Allow() string {
	list := slices.Collect(maps.Keys(m))
	if m[http.MethodGet] != nil {
		list = append(list, http.MethodHead)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// Handler answers with the handler of the request's method, and every other
// method with refused, after Allow is set. refused answers 405.
func (m Methods) Handler(refused http.Handler) http.Handler {
	allow := m.Allow()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if h := m[method]; h != nil {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Allow", allow)
		refused.ServeHTTP(w, r)
	})
}
