package web

import (
	"strings"
	"testing"

	"github.com/a-h/templ"

	"latchkey/authserver"
)

// drawn is a page as a browser gets it.
func drawn(t *testing.T, v *view, page templ.Component) (string, error) {
	t.Helper()
	texts, err := readCatalogues()
	if err != nil {
		t.Fatal(err)
	}
	files, err := readAssets()
	if err != nil {
		t.Fatal(err)
	}
	v.Language, v.texts, v.server = "en", texts["en"], &Server{host: "auth.example", assets: files}
	var b strings.Builder
	err = layout(v, page).Render(t.Context(), &b)
	return b.String(), err
}

// What others wrote is text wherever it stands, and never the address of a
// script.
func TestPagesEscapeWhatOthersWrote(t *testing.T) {
	const text, address = `"'><script>alert(1)</script>`, "JavaScript:alert(1)"
	v := &view{
		Title: "client.title", TitleArgs: []any{text}, CSRF: text, ReturnTo: text, Alert: text, RequestID: text, Asking: text,
		Fields: map[string]string{"name": text, "redirect_uris": "</textarea>" + text, "email": text},
		Errors: map[string][]string{"name": {text}, "redirect_uris": {text}, "email": {text}},
	}
	client := clientView{
		Client: &authserver.Client{ID: text, AuthMethod: authserver.AuthNone}, Name: text,
		Path: address, Issuer: text, TestLink: address, Verifier: text, TestRedirect: "</pre>" + text,
	}
	for name, page := range map[string]templ.Component{
		"client": clientPage(v, client), "secret": secretPage(v, client, text), "delete": deleteClientPage(v, client),
		"sign-in": signinPage(v, true, true), "link": linkGonePage(v, address, "linkgone.reset"), "error": errorPage(v, text, text),
	} {
		html, err := drawn(t, v, page)
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
	for name, v := range map[string]*view{"title": {Title: "no.such"}, "notice": {Title: "signin.title", Notice: "no.such"}} {
		if html, err := drawn(t, v, signinPage(v, false, false)); err == nil {
			t.Errorf("%s: %s", name, html)
		}
	}
	v := &view{Title: "app.title", TitleArgs: []any{"x"}}
	if _, err := drawn(t, v, scopeList(v, []string{"no_such"})); err == nil {
		t.Error("a scope without words was drawn")
	}
}
