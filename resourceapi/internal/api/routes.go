package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/scope"
)

// route is a path and what each method of it does.
type route struct {
	path    string
	methods map[string]http.Handler
}

func (a *API) routes() []route {
	return []route{
		{"/accounts", methods{"GET": a.read(a.listAccounts), "POST": a.write(a.createAccount)}},
		{"/accounts/{id}", methods{
			"GET": a.read(a.showAccount), "PATCH": a.write(a.updateAccount), "PUT": a.write(a.updateAccount), "DELETE": a.write(a.deleteAccount),
		}},
		{"/accounts/{id}/disable", methods{"POST": a.write(a.disableAccount)}},
		{"/accounts/{id}/enable", methods{"POST": a.write(a.enableAccount)}},
		{"/transactions", methods{"GET": a.read(a.listTransactions), "POST": a.write(a.createTransaction)}},
		{"/transactions/batch", methods{"POST": a.write(a.createTransactions)}},
		{"/transactions/{id}", methods{
			"GET": a.read(a.showTransaction), "PATCH": a.write(a.updateTransaction), "PUT": a.write(a.updateTransaction),
			"DELETE": a.write(a.deleteTransaction),
		}},
		{"/usage", methods{"GET": a.read(a.usage)}},
	}
}

type methods = map[string]http.Handler

func (a *API) read(act action) http.Handler { return a.admitted(scope.Read, "read", act, render) }

func (a *API) write(act action) http.Handler {
	return a.admitted(scope.ReadWrite, "write", act, render)
}

// Mount makes the endpoints reachable below r, which must not clean paths: an
// id with a slash in it is an unknown path, not a redirect.
func (a *API) Mount(r *mux.Router) {
	for _, route := range a.routes() {
		r.Handle("/api/v1"+route.path, dispatch(route.methods))
	}
	r.Handle(MetadataPath, dispatch(methods{"GET": httpserver.Handle(a.metadata, render)}))
	r.PathPrefix("/").Handler(httpserver.Handle(func(http.ResponseWriter, *http.Request) error { return errNoRoute }, render))
	r.NotFoundHandler = httpserver.Handle(func(http.ResponseWriter, *http.Request) error { return errNoRoute }, render)
}

// dispatch picks the handler of a method. HEAD is GET without a body, OPTIONS
// says what there is, and any other method is 405 with Allow.
func dispatch(by methods) http.Handler {
	allow := []string{"OPTIONS"}
	for method := range by {
		allow = append(allow, method)
	}
	if by["GET"] != nil {
		allow = append(allow, "HEAD")
	}
	slices.Sort(allow)
	allowed := strings.Join(allow, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if h := by[method]; h != nil {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Allow", allowed)
		if method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		apierror.JSON(w, r, http.StatusMethodNotAllowed, map[string]string{
			"error": "method_not_allowed", "message": "This path does not support the method " + r.Method,
		})
	})
}
