package web_test

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// unzipped are the files of a ZIP by their names.
func unzipped(t *testing.T, text string) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatalf("%v: %.300s", err, text)
	}
	files := map[string]string{}
	for _, one := range archive.File {
		in, err := one.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[one.Name] = string(raw)
	}
	return files
}

func exporting(t *testing.T, p *actor.Person, what string) (*actor.Page, error) {
	t.Helper()
	return p.Browser.Post(t.Context(), "/settings/export", url.Values{"csrf_token": {formTokenOf(t, p.Browser)}, "what": {what}})
}

func TestOneFileHoldsEverything(t *testing.T) {
	eachHolder(t, func(t *testing.T, s *site, _ *holder) {
		p := signedUp(t, s)
		form := open(t, p.Browser, "/settings/export")
		got := fill(t, p.Browser, form, nil) // what is chosen beforehand
		if h := got.Header; got.Status != http.StatusOK || h.Get("Content-Type") != "application/zip" || h.Get("Cache-Control") != "no-store" ||
			!strings.HasPrefix(h.Get("Content-Disposition"), `attachment; filename="latchkey-20`) || !strings.HasSuffix(h.Get("Content-Disposition"), `.zip"`) {
			t.Fatalf("%d %v", got.Status, h)
		}
		files := unzipped(t, got.Body)
		u := s.userOf(t, p)
		if len(files) != 4 || !strings.Contains(files["household/accounts.json"], u.FamilyID) || files["household/transactions.csv"] != "date,name\n" {
			t.Errorf("%v", files)
		}
		for _, says := range []string{p.Email, "Lovelace family", s.URL, "person.json", "household/accounts.json  ", "is complete"} {
			if !strings.Contains(files["README.txt"], says) {
				t.Errorf("README.txt lacks %q: %s", says, files["README.txt"])
			}
		}
		own := fill(t, p.Browser, form, map[string]string{"what": "own"})
		if own.Status != http.StatusOK || own.Header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Fatalf("%d %v", own.Status, own.Header)
		}
		program, err := p.Browser.Post(t.Context(), "/settings/export", url.Values{"csrf_token": {formTokenOf(t, p.Browser)}})
		if err != nil || program.Header.Get("Content-Type") != own.Header.Get("Content-Type") {
			t.Errorf("a program that knows of no choice: %v %v", program, err)
		}
		if a, b := without(t, files["person.json"]), without(t, program.Body); a != b || a != without(t, own.Body) {
			t.Errorf("what is held of the person: %s and %s", a, b)
		}
		if bad, err := exporting(t, p, "nonsense"); err != nil || bad.Status != http.StatusBadRequest {
			t.Errorf("%v %v", bad, err)
		}
		if text := open(t, p.Browser, "/settings/activity").Text(); !strings.Contains(text, "You downloaded all data, including the household's") || !strings.Contains(text, "You downloaded your data export") {
			t.Errorf("%s", text)
		}
	})
}

// without is an export of a person without what differs each time.
func without(t *testing.T, text string) string {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	delete(doc, "exported_at")
	delete(doc, "sign_ins") // when they were last seen
	return fmt.Sprint(doc)
}

// A stale sign-in is asked, and the choice is not lost.
func TestEverythingIsConfirmed(t *testing.T) {
	eachHolder(t, func(t *testing.T, s *site, h *holder) {
		p := signedUp(t, s)
		s.stale()
		asked := fill(t, p.Browser, open(t, p.Browser, "/settings/export"), nil)
		if asked.Status != http.StatusUnprocessableEntity || asked.Heading() != "Confirm it's you" || len(h.asked) > 0 {
			t.Fatalf("%d %s", asked.Status, asked.Text())
		}
		if got := fill(t, p.Browser, asked, map[string]string{"password": p.Password}); len(unzipped(t, got.Body)) != 4 {
			t.Errorf("%d %v", got.Status, got.Header)
		}
	})
}

// Where the household's data cannot be had the page says so, and one's own can.
func TestWithoutTheHouseholdOnesOwnDataCanBeHad(t *testing.T) {
	eachHolder(t, func(t *testing.T, s *site, h *holder) {
		p := signedUp(t, s)
		for what, answer := range map[string]func(out *multipart.Writer, family string){
			"it refuses":       nil,
			"it sends nothing": func(*multipart.Writer, string) {},
			"an odd name":      func(out *multipart.Writer, _ string) { file(out, "x.exe", "[]"); _ = out.Close() },
			"no file":          func(out *multipart.Writer, _ string) { _ = out.Close() },
		} {
			h.answers(answer)
			got, err := exporting(t, p, "everything")
			if err != nil {
				t.Fatal(what, err)
			}
			if said := got.Text(); got.Status < 500 || strings.HasPrefix(what, "it ") && (got.Status != http.StatusServiceUnavailable ||
				!strings.Contains(said, "can't be read right now, so no file was made") || !strings.Contains(got.Body, `value="own"`)) {
				t.Errorf("%s: %d %s", what, got.Status, said)
			}
			if own, err := exporting(t, p, "own"); err != nil || !strings.Contains(own.Body, p.Email) {
				t.Errorf("%s: %v %v", what, own, err)
			}
		}
		if text := open(t, p.Browser, "/settings/activity").Text(); strings.Contains(text, "including the household's") {
			t.Errorf("what nobody got is an event: %s", text)
		}
	})
}

func TestWhereNobodySaysWhereTheHouseholdIs(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		page := open(t, p.Browser, "/settings/export")
		if strings.Contains(page.Body, `value="everything"`) || !strings.Contains(page.Text(), "they are not included") {
			t.Errorf("%s", page.Text())
		}
		if got, err := exporting(t, p, "everything"); err != nil || got.Status != http.StatusForbidden {
			t.Errorf("%v %v", got, err)
		}
	})
}

// An export that breaks off in the midst is a download that failed.
func TestHalfAnExportIsNoFile(t *testing.T) {
	eachHolder(t, func(t *testing.T, s *site, h *holder) {
		p := signedUp(t, s)
		for what, end := range map[string]func(){"it ends early": func() {}, "the connection breaks": func() { panic(http.ErrAbortHandler) }} {
			h.answers(func(out *multipart.Writer, _ string) {
				file(out, "accounts.json", "[]")
				file(out, "transactions.json", "[{},")
				end()
			})
			if got, err := exporting(t, p, "everything"); err == nil {
				t.Errorf("%s: %d, %d bytes look whole", what, got.Status, len(got.Body))
			}
		}
		h.answers(twoFiles)
		if got, err := exporting(t, p, "everything"); err != nil || got.Status != http.StatusOK {
			t.Errorf("after a failure: %v %v", got, err)
		}
	})
}

// One at a time for each person, and not too many for all.
func TestExportsAreOneAtATime(t *testing.T) {
	eachHolder(t, func(t *testing.T, s *site, h *holder) {
		p, other := signedUp(t, s), signedUp(t, s)
		reached, goOn := make(chan struct{}), make(chan struct{})
		h.answers(func(out *multipart.Writer, family string) {
			close(reached)
			<-goOn
			twoFiles(out, family)
		})
		token, done := formTokenOf(t, p.Browser), make(chan struct{})
		go func() {
			defer close(done)
			if got, err := p.Browser.Post(t.Context(), "/settings/export", url.Values{"csrf_token": {token}, "what": {"everything"}}); err != nil || got.Status != http.StatusOK {
				t.Errorf("%v %v", got, err)
			}
		}()
		<-reached
		h.answers(twoFiles)
		if got, err := exporting(t, p, "everything"); err != nil || got.Status != http.StatusConflict || !strings.Contains(got.Text(), "being made already") {
			t.Errorf("a second one: %v %v", got, err)
		}
		if got, err := exporting(t, other, "everything"); err != nil || got.Status != http.StatusOK {
			t.Errorf("somebody else: %v %v", got, err)
		}
		close(goOn)
		<-done
		if got, err := exporting(t, p, "everything"); err != nil || got.Status != http.StatusOK {
			t.Errorf("afterwards: %v %v", got, err)
		}
	})
}
