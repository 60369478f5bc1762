package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestAnAddressIsText asks an operator's browser for every page with an id, and with
// parameters, that no database takes for text.
func TestAnAddressIsText(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss := signedUp(t, s)
		for _, p := range s.Pages.Pages() {
			if !strings.HasPrefix(p.Path, "/operator") {
				continue
			}
			for _, odd := range []string{"%00", "a%00b", "%ff"} {
				want, addresses := http.StatusBadRequest, []string{p.Path + "?client=" + odd, p.Path + "?q=" + odd + "&after=x", p.Path + "?%zz&client_id=" + odd}
				if strings.Contains(p.Path, "{") {
					want, addresses = http.StatusNotFound, []string{variable.ReplaceAllString(p.Path, odd)}
				}
				for _, address := range addresses {
					page, err := boss.Browser.Get(t.Context(), address)
					if err != nil {
						t.Fatal(err)
					}
					if page.Status != want {
						t.Errorf("%s: %d %s", address, page.Status, url.PathEscape(page.Text()[:60]))
					}
				}
			}
		}
	}, withOperator)
}
