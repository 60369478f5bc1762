package httpserver_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/httpserver"
)

// TestChainRoutesAsTheRouterDoes asks for every path twice, since what was found
// the first time is remembered, and compares with the router's own answer.
func TestChainRoutesAsTheRouterDoes(t *testing.T) {
	says := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s %q", text, mux.Vars(r)["id"]) }
	}
	for name, router := range map[string]*mux.Router{
		"encoded paths": mux.NewRouter().SkipClean(true).UseEncodedPath(), "decoded paths": mux.NewRouter().SkipClean(true),
	} {
		router.Handle("/things", says("list")).Methods(http.MethodGet, http.MethodHead)
		router.Handle("/things", says("make")).Methods(http.MethodPost)
		router.Handle("/things/new", says("new"))
		router.Handle("/things/{id}", says("one"))
		router.PathPrefix("/files/").Handler(says("file"))
		chain := httpserver.Chain{Now: time.Now, Logger: slog.New(slog.DiscardHandler), Render: apierror.Write}.Wrap(router)
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete, "BREW"} {
			for _, path := range []string{
				"/", "/things", "/things/", "//things", "/th%69ngs", "/things/new", "/things/n%65w", "/things/{id}", "/things/%7Bid%7D", "/things/a%2Fb",
				"/things/a/b", "/things/1", "/things/2", "/files/", "/files/x", "/files/%2e%2e/things", "/nothing",
			} {
				want, asked := httptest.NewRecorder(), httptest.NewRequest(method, path, http.NoBody)
				router.ServeHTTP(want, asked)
				for range 2 {
					got := httptest.NewRecorder()
					chain.ServeHTTP(got, httptest.NewRequest(method, path, http.NoBody))
					if got.Code != want.Code || got.Body.String() != want.Body.String() {
						t.Errorf("%s: %s %s: %d %s, want %d %s", name, method, path, got.Code, got.Body, want.Code, want.Body)
					}
				}
			}
		}
	}
}
