package oauth

import (
	"net/url"
	"strings"
	"testing"
)

// A URL at or below the API's own is the API; whatever else is refused.
func TestC1_AURLBelowTheAPIIsTheAPI(t *testing.T) {
	s := &Server{resources: []string{"https://api.example/base", "https://other.example"}}
	for text, want := range map[string]string{
		"https://api.example/base": "https://api.example/base", "https://api.example/base/": "https://api.example/base",
		"https://api.example/base/api/v1": "https://api.example/base", "HTTPS://API.example:443/base/mcp?x=1": "https://api.example/base",
		"https://other.example/": "https://other.example", "https://other.example/a/b": "https://other.example", "": "",
	} {
		if got, err := s.resource(url.Values{"resource": {text}}); err != nil || got != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, list := range [][]string{
		{"a", "b"},
		{"https://other.example", "https://other.example"},
		{"/relative"},
		{"https://other.example/#x"},
		{"mailto:x@other.example"},
		{"https://other.example/" + strings.Repeat("x", 3000)},
		{"http://other.example"},
		{"https://other.example:8443"},
		{"https://other.example.evil.example"},
		{"https://other.example@evil.example"},
		{"https://user@other.example"},
		{"https://api.example"},
		{"https://api.example/based"},
		{"https://api.example/base/../x"},
		{"https://api.example/base/%2e%2E/x"},
		{"https://api.example/base%2fx"},
		{"https://evil.example/https://api.example/base"},
		{"https://api.example/base\\x"},
		{"://"},
	} {
		if got, err := s.resource(url.Values{"resource": list}); err == nil || wireError(err).Code != "invalid_target" {
			t.Errorf("%.60q: accepted as %q, or %v", list, got, err)
		}
	}
}
