package described

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/mux"
)

var (
	routeWord = regexp.MustCompile("\\b(GET|POST|PUT|PATCH|DELETE)\\b|/[^\\s`,|]*")
	variable  = regexp.MustCompile(`\{[^}]*\}|:[a-z_]+`)
)

// EveryRouteHasALine holds the routes of router, by method, against the first cells of
// the tables below the heading of a document, both ways. A variable of a path is :name
// there.
func EveryRouteHasALine(t *testing.T, router *mux.Router, file, heading string) {
	t.Helper()
	document, err := os.ReadFile(file) //nolint:gosec // a document of this repository
	if err != nil {
		t.Fatal(err)
	}
	written, served := linesOf(string(document), heading), routesOf(t, router)
	for route := range served {
		if !written[route] {
			t.Errorf("%s has no line for %s", file, route)
		}
	}
	for route := range written {
		if !served[route] {
			t.Errorf("%s has a line for %s, which is not served", file, route)
		}
	}
}

func linesOf(document, heading string) map[string]bool {
	_, section, _ := strings.Cut(document, "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	all := map[string]bool{}
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cell, _, _ := strings.Cut(line[2:], " |")
		var methods []string
		for _, word := range routeWord.FindAllString(cell, -1) {
			if word[0] != '/' {
				methods = append(methods, word)
				continue
			}
			for _, method := range methods {
				all[method+" "+variable.ReplaceAllString(word, ":")] = true
			}
			methods = nil
		}
	}
	return all
}

// routesOf asks each path with a method that nothing takes, and is told which it takes.
func routesOf(t *testing.T, router *mux.Router) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		if err != nil {
			return err
		}
		asked := httptest.NewRequestWithContext(t.Context(), "BREW", variable.ReplaceAllString(path, "x"), nil)
		answer := httptest.NewRecorder()
		router.ServeHTTP(answer, asked)
		if answer.Code == http.StatusNotFound {
			return nil // the route for what there is not
		}
		methods := strings.Split(answer.Header().Get("Allow"), ", ")
		if answer.Code != http.StatusMethodNotAllowed || methods[0] == "" {
			t.Errorf("%s does not say what it takes (RFC 9110 section 15.5.6): %d", path, answer.Code)
		}
		for _, method := range methods {
			if !slices.Contains([]string{http.MethodHead, http.MethodOptions, ""}, method) {
				all[method+" "+variable.ReplaceAllString(path, ":")] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
