package page

import (
	"testing"

	"latchkey/pkg/branding"
)

func TestPlacesAreWordsWhereTheyAreKnown(t *testing.T) {
	t.Parallel()
	site, err := New("auth.example", branding.Branding{})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string][2]string{
		"127.0.0.1":       {"This server's computer (127.0.0.1)", "Rechner dieses Servers (127.0.0.1)"},
		"::1":             {"This server's computer (::1)", "Rechner dieses Servers (::1)"},
		"192.168.1.7":     {"Local network (192.168.1.7)", "Lokales Netz (192.168.1.7)"},
		"fd00::7":         {"Local network (fd00::7)", "Lokales Netz (fd00::7)"},
		"::ffff:10.0.0.1": {"Local network (::ffff:10.0.0.1)", "Lokales Netz (::ffff:10.0.0.1)"},
		"203.0.113.9":     {"203.0.113.9", "203.0.113.9"},
		"2001:db8::1":     {"2001:db8::1", "2001:db8::1"},
		"<b>not one</b>":  {"<b>not one</b>", "<b>not one</b>"},
		"":                {"", ""},
	} {
		for i, language := range []string{"en", "de"} {
			if got, err := site.View(language, "home.title").Place(address); err != nil || got != want[i] {
				t.Errorf("%q in %s: %q, %v", address, language, got, err)
			}
		}
	}
}
