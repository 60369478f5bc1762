package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// B3: anybody may register an application, and our address must not become the way
// to it for people who are not even signed in.
func TestB3_ErrorsOfAPersonsApplicationStayHereUntilSomebodyIsSignedIn(t *testing.T) {
	eachWorld(t, func(w *world) {
		owner, reader := w.person(), w.person()
		app := w.developed(owner)
		for name, more := range map[string]url.Values{
			"scope": {"scope": {"bogus"}}, "nobody is signed in": {"prompt": {"none"}}, "PKCE": {"code_challenge_method": {"plain"}},
		} {
			target := app.AuthorizeURL(actor.NewPKCE(), "read", "s", more)
			stranger, err := actor.NewBrowser(w.Auth.URL).Get(w.t.Context(), target)
			if err != nil || stranger.Status != http.StatusBadRequest || stranger.Header.Get("Location") != "" {
				w.t.Errorf("%s, nobody signed in: %d %q, %v", name, stranger.Status, stranger.Header.Get("Location"), err)
			}
			signedIn, err := reader.Browser.Get(w.t.Context(), target)
			if name == "nobody is signed in" {
				continue // for this reader the consent is missing, which is another error
			}
			if err != nil || !strings.HasPrefix(signedIn.Header.Get("Location"), app.RedirectURI+"?error=") {
				w.t.Errorf("%s, somebody signed in: %d %q, %v", name, signedIn.Status, signedIn.Header.Get("Location"), err)
			}
		}
	})
}
