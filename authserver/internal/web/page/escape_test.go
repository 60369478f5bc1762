package page

import (
	"strings"
	"testing"

	"github.com/a-h/templ"

	"latchkey/authserver"
	"latchkey/pkg/branding"
)

// drawn is a page as a browser gets it.
func drawn(t *testing.T, v *View, body templ.Component) (string, error) {
	t.Helper()
	site, err := New("auth.example", branding.Branding{})
	if err != nil {
		t.Fatal(err)
	}
	v.Language, v.site, v.texts = "en", site, site.texts["en"]
	var b strings.Builder
	err = v.Draw(t.Context(), &b, body)
	return b.String(), err
}

// What others wrote is text wherever it stands, and never the address of a
// script.
func TestPagesEscapeWhatOthersWrote(t *testing.T) {
	const text, address = `"'><script>alert(1)</script>`, "JavaScript:alert(1)"
	v := &View{
		Title: "client.title", TitleArgs: []any{text}, CSRF: text, ReturnTo: text, Alert: text, RequestID: text, Asking: text,
		Fields: map[string]string{"name": text, "redirect_uris": "</textarea>" + text, "email": text},
		Errors: map[string][]string{"name": {text}, "redirect_uris": {text}, "email": {text}},
	}
	client := ClientView{
		Client: &authserver.Client{ID: text, AuthMethod: authserver.AuthNone, RedirectURIs: []string{"</pre>" + text}}, Name: text,
		Path: address, Issuer: text, API: text,
		Refusals: []authserver.ClientRefusal{{Reason: authserver.RefusedRedirect, Detail: text}},
	}
	for name, body := range map[string]templ.Component{
		"client": ClientPage(v, client), "program": ProgramPage(v, client), "test run": TestRunPage(v, client, []RunStep{{Key: "call", Request: "</pre>" + text, Answer: text}}), "secret": SecretPage(v, client, text), "delete": DeleteClientPage(v, client),
		"sign-in": SignInPage(v, SignInView{CanSignUp: true, Passkeys: true}), "link": LinkGonePage(v, address, "linkgone.reset"), "error": ErrorPage(v, text, text),
	} {
		html, err := drawn(t, v, body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, bad := range []string{"<script>alert", `="` + address} {
			if strings.Contains(html, bad) {
				t.Errorf("%s has %s: %s", name, bad, html)
			}
		}
		if !strings.Contains(html, "&lt;script&gt;") {
			t.Errorf("%s does not show the text: %s", name, html)
		}
	}
}

func TestTextThatIsMissingIsAnError(t *testing.T) {
	for name, v := range map[string]*View{"title": {Title: "no.such"}, "notice": {Title: "signin.title", Notice: "no.such"}} {
		if html, err := drawn(t, v, SignInPage(v, SignInView{})); err == nil {
			t.Errorf("%s: %s", name, html)
		}
	}
	v := &View{Title: "app.title", TitleArgs: []any{"x"}}
	if _, err := drawn(t, v, abilities(v, Ability{Scope: "no_such", Changes: true})); err == nil {
		t.Error("a scope without words was drawn")
	}
}
