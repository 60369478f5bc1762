package places_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"latchkey/authserver/internal/places"
	"latchkey/authserver/internal/places/placestest"
)

func TestPlacesHaveNamesInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	p, err := places.Open(placestest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	var none *places.Places
	for address, want := range map[string][2]string{
		"203.0.113.9":        {"Lisbon, Portugal", "Lissabon, Portugal"},
		"::ffff:203.0.113.9": {"Lisbon, Portugal", "Lissabon, Portugal"},
		"2001:db8::9":        {"Germany", "Deutschland"},
		"198.51.100.1":       {"", ""},
	} {
		at := netip.MustParseAddr(address)
		for i, language := range []string{"en", "de"} {
			if got := p.Name(at, language); got != want[i] {
				t.Errorf("%s in %s: %q", address, language, got)
			}
		}
		if got := p.Name(at, "pt"); got != want[0] {
			t.Errorf("%s in a language that the database lacks: %q", address, got)
		}
		if got := none.Name(at, "en"); got != "" {
			t.Errorf("%s without a database: %q", address, got)
		}
	}
}

func TestWhatIsNoDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(text, []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{text, filepath.Join(t.TempDir(), "nothing.mmdb"), t.TempDir()} {
		if _, err := places.Open(file); err == nil {
			t.Errorf("%s was opened", file)
		}
	}
}
