// Package placestest makes a small database of places. Tests only.
package placestest

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

func names(english, german string) mmdbtype.Map {
	return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(english), "de": mmdbtype.String(german)}}
}

// File is the path of a database in which 203.0.113.0/24 is Lisbon and 2001:db8::/32 is
// somewhere in Germany.
func File(t testing.TB) string {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-City", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for network, place := range map[string]mmdbtype.Map{
		"203.0.113.0/24": {"city": names("Lisbon", "Lissabon"), "country": names("Portugal", "Portugal")},
		"2001:db8::/32":  {"country": names("Germany", "Deutschland")},
	} {
		_, of, err := net.ParseCIDR(network)
		if err == nil {
			err = tree.Insert(of, place)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "places.mmdb")
	file, err := os.Create(path) //nolint:gosec // a path of this test
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.WriteTo(file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
