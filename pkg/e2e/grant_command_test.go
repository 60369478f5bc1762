package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/testenv"
)

// TestGrantsAndFamiliesFromTheCommandLine: one place is taken back, and others stay.
func TestGrantsAndFamiliesFromTheCommandLine(t *testing.T) {
	eachWorld(t, func(w *world) {
		ask := func(into any, args ...string) {
			w.t.Helper()
			out, err := w.CLI(w.t.Context(), append(args, "--json")...)
			if err != nil {
				w.t.Fatal(err)
			}
			if err := json.Unmarshal(out, into); err != nil {
				w.t.Fatalf("%v: %s", err, out)
			}
		}
		p, app := w.person(), w.public()
		first, second := w.tokensOf(p, app, "read"), w.tokensOf(p, app, "read")
		var grants []map[string]any
		ask(&grants, "grant", "list", p.Email)
		if len(grants) != 2 || grants[0]["client_id"] != app.Client.ID || grants[0]["scope"] != "read" || grants[0]["ended_at"] != nil {
			w.t.Fatalf("%v", grants)
		}
		newest := grants[0]["id"].(string)
		var ended map[string]any
		ask(&ended, "grant", "end", newest)
		testenv.Eventually(w.t, pollEvery*50, "the second is refused", func() bool {
			return w.call(http.MethodGet, accounts, second.Access, nil).Status == http.StatusUnauthorized
		})
		wantStatus(w.t, w.call(http.MethodGet, accounts, first.Access, nil), http.StatusOK)
		ask(&grants, "grant", "list", p.Email)
		if len(grants) != 1 {
			w.t.Errorf("%v", grants)
		}
		ask(&grants, "grant", "list", p.Email, "--all")
		if len(grants) != 2 || grants[0]["end_reason"] != "revoked" {
			w.t.Errorf("%v", grants)
		}
		for _, id := range []string{newest, "x", ""} {
			if _, err := w.CLI(w.t.Context(), "grant", "end", id); err == nil || !strings.Contains(err.Error(), "no live grant") {
				w.t.Errorf("%q: %v", id, err)
			}
		}
		var users []map[string]any
		ask(&users, "user", "list")
		family := ""
		for _, u := range users {
			if u["email"] == p.Email {
				family = u["family_id"].(string)
			}
		}
		var shown map[string]any
		ask(&shown, "family", "show", family)
		if people := shown["people"].([]any); shown["members"] != 1.0 || len(people) != 1 || people[0].(map[string]any)["email"] != p.Email {
			w.t.Errorf("%v", shown)
		}
		var families []map[string]any
		ask(&families, "family", "list", "--text", family)
		if len(families) != 1 || families[0]["id"] != family {
			w.t.Errorf("%v", families)
		}
		ask(&families, "family", "list", "--limit", "1")
		if len(families) != 1 {
			w.t.Errorf("%v", families)
		}
		if _, err := w.CLI(w.t.Context(), "family", "show", "x"); err == nil {
			w.t.Error("no such family is shown")
		}
	})
}
