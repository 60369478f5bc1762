package httpserver

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Allow is the Allow field of a path that has handlers for some methods (RFC 9110
// section 10.2.1): HEAD comes with GET, and OPTIONS with any.
func Allow[H any](handlers map[string]H) string {
	list := append(slices.Collect(maps.Keys(handlers)), http.MethodOptions)
	if _, ok := handlers[http.MethodGet]; ok {
		list = append(list, http.MethodHead)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
