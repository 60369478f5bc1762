package page

import (
	"go/format"
	"regexp"
	"testing"

	"latchkey/authserver"
	"latchkey/pkg/scope"
)

// TestSamplesAreTidy: whatever an application proves itself with, a program is laid out
// as its language has it, and nothing is left of the places that were filled in.
func TestSamplesAreTidy(t *testing.T) {
	t.Parallel()
	left := regexp.MustCompile(`«|»|, *}|[ \t]\n|\{ {2}`)
	for _, method := range []string{authserver.AuthNone, authserver.AuthBasic, authserver.AuthPost} {
		c := ClientView{
			Client: &authserver.Client{ID: "budget", RedirectURIs: []string{"https://app.example/cb"}, AuthMethod: method, Scopes: scope.ReadWrite},
			Issuer: "https://auth.example", API: "https://api.example",
		}
		for _, one := range c.samples() {
			if found := left.FindString(one.Text); found != "" {
				t.Errorf("%s of %s has %q: %s", one.Name, method, found, one.Text)
			}
			if one.Name != "Go" {
				continue
			}
			if tidy, err := format.Source([]byte(one.Text + "\n")); err != nil || string(tidy) != one.Text+"\n" {
				t.Errorf("Go of %s: %v: %s", method, err, tidy)
			}
		}
	}
}
