package web_test

import (
	"context"
	"crypto/rand"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/authserver"
	"latchkey/pkg/testenv/actor"
)

// began begins to download everything as p, and returns when the first bytes have come.
func began(t *testing.T, s *site, p *actor.Person) *http.Response {
	t.Helper()
	form := url.Values{"csrf_token": {formTokenOf(t, p.Browser)}, "what": {"everything"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/settings/export", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", s.URL)
	for _, c := range p.Browser.Cookies() {
		req.AddCookie(c)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// Whoever is put out of a family while the file is made gets no file, wherever it is;
// and later the data of the new family.
func TestWhoIsRemovedMeanwhileGetsNoFile(t *testing.T) {
	eachHolder(t, func(t *testing.T, s *site, h *holder) {
		noise := make([]byte, 256<<10) // more than is kept back on the way
		_, _ = rand.Read(noise)
		ways := map[string]func(ctx context.Context, a *authserver.User, id string) error{
			"removed": s.People.RemoveMember,
			"moved": func(ctx context.Context, _ *authserver.User, id string) error { // and still signed in
				return s.Store.MoveUser(ctx, id, s.userOf(t, signedUp(t, s)).FamilyID, authserver.RoleGuest)
			},
		}
		for name, remove := range ways {
			for _, last := range []bool{false, true} { // at the last file, or with one more to come
				admin, guest := signedUp(t, s), signedUp(t, s)
				a, g := s.userOf(t, admin), s.userOf(t, guest)
				if err := s.Store.MoveUser(t.Context(), g.ID, a.FamilyID, authserver.RoleGuest); err != nil {
					t.Fatal(err)
				}
				h.answers(twoFiles)
				if got, err := exporting(t, guest, "everything"); err != nil || !strings.Contains(unzipped(t, got.Body)["household/accounts.json"], a.FamilyID) {
					t.Fatalf("a guest sees the data, and may have them: %v %v", got, err)
				}
				removed := make(chan struct{})
				h.answers(func(out *multipart.Writer, family string) {
					file(out, "accounts.json", string(noise))
					<-removed
					if !last {
						file(out, "tags.json", family)
					}
					_ = out.Close()
				})
				res := began(t, s, guest)
				a = s.userOf(t, admin)
				if err := remove(t.Context(), &a, g.ID); err != nil {
					t.Fatal(err)
				}
				close(removed)
				raw, err := io.ReadAll(res.Body)
				if res.StatusCode != http.StatusOK || err == nil || strings.Contains(string(raw), "tags.json") {
					t.Errorf("%s, last %v: %d, %d bytes, %v", name, last, res.StatusCode, len(raw), err)
				}
				h.answers(twoFiles)
				h.asked = nil
				back := guest.ElsewhereAs(s.URL)
				if _, err := back.SignIn(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got, err := exporting(t, back, "everything"); err != nil || strings.Contains(unzipped(t, got.Body)["household/accounts.json"], a.FamilyID) || h.asked[0] == a.FamilyID {
					t.Errorf("later: %v, of %v", err, h.asked)
				}
			}
		}
	})
}

// Before the first file of the household has come nothing is sent.
func TestWhoIsRemovedBeforeTheFileBeginsSeesAPage(t *testing.T) {
	eachHolder(t, func(t *testing.T, s *site, h *holder) {
		admin, guest := signedUp(t, s), signedUp(t, s)
		a, g := s.userOf(t, admin), s.userOf(t, guest)
		if err := s.Store.MoveUser(t.Context(), g.ID, a.FamilyID, authserver.RoleGuest); err != nil {
			t.Fatal(err)
		}
		a = s.userOf(t, admin)
		h.answers(func(out *multipart.Writer, family string) {
			if err := s.People.RemoveMember(context.WithoutCancel(t.Context()), &a, g.ID); err != nil {
				t.Error(err)
			}
			twoFiles(out, family)
		})
		got, err := exporting(t, guest, "everything")
		if err != nil || got.Status != http.StatusForbidden || !strings.Contains(got.Text(), "no longer in this household") || strings.Contains(got.Body, a.FamilyID) {
			t.Errorf("%v %v", got, err)
		}
	})
}
