package httpserver

import "net/http"

// What scripts of other origins may send to an API and read of its answers,
// beyond what the Fetch standard lets them anyway.
const (
	crossOriginSends = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Api-Key, X-Request-Id"
	crossOriginReads = "ETag, Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, " +
		"X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id"
)

// CrossOrigin opens an endpoint that answers to methods to scripts of any
// origin. It is for endpoints that read no cookie: there a script can do no more
// than whoever gave it a credential could do without a browser.
func CrossOrigin(methods string, next http.Handler) http.Handler {
	origin, reads := []string{"*"}, []string{crossOriginReads}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header["Origin"]) > 0 {
			h := w.Header()
			h["Access-Control-Allow-Origin"] = origin
			h["Access-Control-Expose-Headers"] = reads
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", methods)
				h.Set("Access-Control-Allow-Headers", crossOriginSends)
				h.Set("Access-Control-Max-Age", "86400")
			}
		}
		next.ServeHTTP(w, r)
	})
}
