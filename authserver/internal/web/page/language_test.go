package page

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"latchkey/pkg/branding"
)

// TestAThirdLanguageIsAFile: what is beside the others is offered, asked for and read;
// what it lacks is said in English.
func TestAThirdLanguageIsAFile(t *testing.T) {
	files := fstest.MapFS{
		"text/fr.json":             {Data: []byte(`{"language.name": "Français", "signin.submit": "Se connecter", "format.time": "02/01/2006 15:04 MST"}`)},
		"text/fr.preferences.json": {Data: []byte(`{"preferences.title": "Langue et apparence"}`)},
	}
	names, err := fs.Glob(textFiles, "text/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := textFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: raw}
	}
	site, err := newSite("auth.example", branding.Branding{}, files)
	if err != nil {
		t.Fatal(err)
	}
	if !site.Speaks("fr") || site.Speaks("it") || site.Language("fr-CA,de;q=0.5") != "fr" || site.Language("it") != "en" {
		t.Error("the language is not found")
	}
	v := site.View("fr", "preferences.title")
	v.Fields = map[string]string{"language": "fr"}
	var b strings.Builder
	if err := v.Draw(t.Context(), &b, PreferencesPage(v)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<html lang="fr">`, "<h1>Langue et apparence</h1>", `<option value="fr" selected>Français</option>`, `<option value="de">Deutsch</option>`, "Skip to content"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in %s", want, b.String())
		}
	}
}
