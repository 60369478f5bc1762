package httpserver

import (
	"maps"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/gorilla/mux"
)

// routing finds what answers a request in a router whose routes are told apart
// by method and path alone. It does what the router's own ServeHTTP does but
// for two copies of the request, which would carry the route and the variables:
// the route goes to the request's own context, and the request is copied only
// where its path has variables. Paths without any are looked up in the patterns
// once.
type routing struct {
	router  *mux.Router
	mu      sync.Mutex
	literal atomic.Pointer[map[target]found] // read without a lock; replaced when a path is new
}

type target struct{ method, path string }

type found struct {
	handler http.Handler
	route   string
}

func newRouting(router *mux.Router) *routing {
	rt := &routing{router: router}
	rt.literal.Store(&map[target]found{})
	return rt
}

// find returns the handler and the template of its route ("" for none), and the
// request the handler is to get.
func (rt *routing) find(r *http.Request) (found, *http.Request) {
	at := target{r.Method, r.URL.Path}
	if r.URL.RawPath == "" {
		if f, ok := (*rt.literal.Load())[at]; ok {
			return f, r
		}
	}
	var match mux.RouteMatch
	rt.router.Match(r, &match)
	f := found{handler: match.Handler}
	switch {
	case f.handler != nil:
	case match.MatchErr == mux.ErrMethodMismatch: //nolint:errorlint // the router compares it so
		f.handler = methodNotAllowed
	default:
		f.handler = http.NotFoundHandler()
	}
	if match.MatchErr != nil || match.Route == nil {
		return f, r
	}
	f.route, _ = match.Route.GetPathTemplate() // a route without a template is none to name
	if len(match.Vars) > 0 {
		return f, mux.SetURLVars(r, match.Vars)
	}
	// A template that is the path itself has no variables and is one of the few
	// in the code, so callers cannot make the map grow.
	if f.route == at.path && r.URL.RawPath == "" && method(at.method) == at.method {
		rt.remember(at, f)
	}
	return f, r
}

func (rt *routing) remember(at target, f found) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	next := maps.Clone(*rt.literal.Load())
	next[at] = f
	rt.literal.Store(&next)
}

var methodNotAllowed = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusMethodNotAllowed)
})
