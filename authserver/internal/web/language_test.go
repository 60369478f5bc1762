package web_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/testenv"
)

func TestLanguageFollowsTheBrowser(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	for accept, want := range map[string]string{
		"": "en", "de": "de", "de-AT,de;q=0.9,en;q=0.8": "de", "fr,de;q=0.5": "de", "fr": "en", "en-US,de": "en",
		"DE": "de", "*": "en", ";;;,,": "en", strings.Repeat("x,", 3000): "en",
	} {
		for _, path := range []string{"/signin", "/nothing-here"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept-Language", accept)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if res.Header.Get("Content-Language") != want || !strings.Contains(string(body), `<html lang="`+want+`">`) {
				t.Errorf("%.30q at %s: %s", accept, path, res.Header.Get("Content-Language"))
			}
			if want == "de" && path == "/nothing-here" && !strings.Contains(string(body), "Unter dieser Adresse gibt es nichts.") {
				t.Errorf("the error page is not German: %s", body)
			}
		}
	}
}
