package httpserver

import (
	"maps"
	"net/http"
	"strings"
)

// What scripts of other origins may send to an API even where they do not ask,
// and read of its answers, beyond what the Fetch standard lets them anyway.
const (
	crossOriginSends = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Api-Key, X-Request-Id"
	crossOriginReads = "ETag, Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, " +
		"X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id"
)

// CrossOrigin is m.Handler for scripts of any origin as well, with OPTIONS. It is
// for endpoints that read no cookie: there a script can do no more than whoever
// gave it a credential could do without a browser, whatever headers it sends.
func CrossOrigin(m Methods, refused http.Handler) http.Handler {
	m = maps.Clone(m)
	m[http.MethodOptions] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", m.Allow())
		w.WriteHeader(http.StatusNoContent)
	})
	return crossOrigin{methods: m.Allow(), next: m.Handler(refused)}
}

// CrossOriginDocument is CrossOrigin for the GET of a document that anybody may
// read and caches may keep: the answer is the same whoever asks, and says so to
// those who name no origin too.
func CrossOriginDocument(document, refused http.Handler) http.Handler {
	h := CrossOrigin(Methods{http.MethodGet: document}, refused)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Access-Control-Allow-Origin"] = anyOrigin
		h.ServeHTTP(w, r)
	})
}

// CrossOriginNotFound lets scripts of any origin read what notFound says of paths
// that do not exist: a preflight of such a path succeeds.
func CrossOriginNotFound(notFound http.Handler) http.Handler { return crossOrigin{next: notFound} }

type crossOrigin struct {
	methods string // "": the one that is asked for
	next    http.Handler
}

var anyOrigin, exposed = []string{"*"}, []string{crossOriginReads}

func (c crossOrigin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(r.Header["Origin"]) > 0 {
		h := w.Header()
		h["Access-Control-Allow-Origin"], h["Access-Control-Expose-Headers"] = anyOrigin, exposed
		if asked := r.Header.Get("Access-Control-Request-Method"); r.Method == http.MethodOptions && asked != "" {
			c.preflight(w, r, asked)
			return
		}
	}
	c.next.ServeHTTP(w, r)
}

// preflight grants every header that is asked for by its name: "*" would leave
// out Authorization (Fetch standard, section 4.9).
func (c crossOrigin) preflight(w http.ResponseWriter, r *http.Request, method string) {
	h := w.Header()
	if c.methods != "" {
		method = c.methods
		h.Set("Allow", c.methods)
	}
	h.Set("Access-Control-Allow-Methods", method)
	h.Set("Access-Control-Allow-Headers", strings.Join(append([]string{crossOriginSends}, r.Header["Access-Control-Request-Headers"]...), ", "))
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}
