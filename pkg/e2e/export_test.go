package e2e

import (
	"archive/zip"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"latchkey/pkg/role"
	"latchkey/pkg/testenv/actor"
)

// downloaded are the files of what p downloads, by their names.
func (w *world) downloaded(p *actor.Person) map[string]string {
	w.t.Helper()
	form, err := w.page(p, "/settings/export").Form("what")
	if err != nil {
		w.t.Fatal(err)
	}
	got, err := p.Browser.Post(w.t.Context(), "/settings/export", form.Values)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.unzipped(got.Body)
}

func (w *world) unzipped(text string) map[string]string {
	w.t.Helper()
	archive, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
	if err != nil {
		w.t.Fatalf("%v: %.300s", err, text)
	}
	files := map[string]string{}
	for _, one := range archive.File {
		in, err := one.Open()
		if err != nil {
			w.t.Fatal(err)
		}
		raw, err := io.ReadAll(in)
		if err != nil {
			w.t.Fatal(err)
		}
		files[one.Name] = string(raw)
	}
	return files
}

// spent makes a transaction of a household with the token, in an account of that name.
func (w *world) spent(token, name string) {
	w.t.Helper()
	made := w.call(http.MethodPost, "/api/v1/accounts", token, members{"account": members{"name": name, "balance": "12.00"}})
	wantStatus(w.t, made, http.StatusCreated)
	wantStatus(w.t, w.call(http.MethodPost, "/api/v1/transactions", token, members{"transaction": members{
		"account_id": made.Text("id"), "date": "2026-01-15", "amount": "1.50", "name": name,
	}}), http.StatusCreated)
}

// TestADownloadHoldsOneHousehold: of everybody in it, whatever their role, and of nobody
// else; while downloads of both run at once.
func TestADownloadHoldsOneHousehold(t *testing.T) {
	eachWorld(t, func(w *world) {
		h, other := w.household(), w.household()
		w.spent(h.tokens[role.Member], "Kleinod")
		w.spent(other.tokens[role.Member], "Vreneli")
		var all sync.WaitGroup
		for _, house := range []struct {
			*household
			has, hasNot string
		}{{h, "Kleinod", "Vreneli"}, {other, "Vreneli", "Kleinod"}} {
			for name, p := range house.people {
				all.Go(func() {
					files := w.downloaded(p)
					for _, file := range []string{"household/accounts.json", "household/transactions.json", "household/transactions.csv"} {
						if !strings.Contains(files[file], house.has) {
							w.t.Errorf("%s, %s: %s", name, file, files[file])
						}
					}
					for file, text := range files {
						if strings.Contains(text, house.hasNot) {
							w.t.Errorf("%s sees another household in %s", name, file)
						}
					}
					if !strings.Contains(files["person.json"], p.Email) || !strings.Contains(files["household/contents.json"], `"complete": true`) || !strings.Contains(files["README.txt"], "transactions.csv") {
						w.t.Errorf("%s: %v", name, files)
					}
				})
			}
		}
		all.Wait()
		admin, guest := h.people[role.Admin], h.people[role.Guest]
		if got := w.familyForm(admin, guest, map[string]string{"action": "remove"}); got.Status != http.StatusOK {
			w.t.Fatalf("%d %s", got.Status, got.Text())
		}
		if got, err := guest.Browser.Post(w.t.Context(), "/settings/export", url.Values{"what": {"everything"}}); err != nil || strings.Contains(got.Body, "PK\x03\x04") {
			w.t.Errorf("after the removal: %v %v", got, err)
		}
		if _, err := guest.SignIn(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		for file, text := range w.downloaded(guest) {
			if strings.Contains(text, "Kleinod") {
				w.t.Errorf("%s after the removal", file)
			}
		}
	})
}
