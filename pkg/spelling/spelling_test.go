package spelling_test

import (
	"strings"
	"testing"

	"latchkey/pkg/spelling"
)

func TestNearest(t *testing.T) {
	known := []string{"name", "amount", "account_id", "account_type", "page", "per_page", "type"}
	for name, want := range map[string]string{
		"naem": "name", "amuont": "amount", "Amount": "amount", "accountId": "account_id", "acount_typ": "account_type",
		"pages": "page", "perpage": "per_page", "name": "name",
		"": "", "t": "", "utm": "", "nam5x": "", "price": "", "balances": "", strings.Repeat("a", 5000): "",
	} {
		if got, found := spelling.Nearest(name, known); got != want || found != (want != "") {
			t.Errorf("%.20q: %q, %v; want %q", name, got, found, want)
		}
	}
}
