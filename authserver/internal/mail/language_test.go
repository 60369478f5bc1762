package mail

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/testenv"
)

// TestAThirdLanguageIsAFolder: emails are written in a language whose folder is beside
// the others; an email and a word that it lacks are in English.
func TestAThirdLanguageIsAFolder(t *testing.T) {
	texts, err := fs.Sub(files, "text")
	if err != nil {
		t.Fatal(err)
	}
	all := fstest.MapFS{"text/fr/words.json": {Data: []byte(`{"greeting": "Bonjour %s,", "fact.when": "Quand", "time": "02/01/2006 15:04 UTC"}`)}}
	err = fs.WalkDir(texts, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(texts, name)
		all["text/"+name] = &fstest.MapFile{Data: raw}
		if kind, ok := strings.CutPrefix(name, "en/"); ok && kind != "words.json" && kind != "reset.txt" {
			all["text/fr/"+kind] = &fstest.MapFile{Data: append([]byte("Sujet : "), raw...)}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	office := testenv.OpenPostOffice(t, "")
	s, err := newSender(Settings{URL: "smtp://" + office.Addr, From: "noreply@example.com", Issuer: "https://auth.example.com", Now: time.Now}, all)
	if err != nil {
		t.Fatal(err)
	}
	send := func(kind string) testenv.Email {
		t.Helper()
		e := authserver.EmailMessage{Kind: kind, To: "ada@example.com", Name: "Ada", Language: "fr", Path: "/x", At: time.Date(2026, 8, 2, 9, 30, 0, 0, time.UTC)}
		if err := s.Send(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		return testenv.ReadEmail(t, <-office.Emails)
	}
	french := send(authserver.EmailMessagePasswordChanged)
	for _, want := range []string{"Bonjour Ada,", "Quand: 02/08/2026 09:30 UTC", "Sent by Latchkey"} {
		if !strings.Contains(french.Text, want) {
			t.Errorf("no %q in %s", want, french.Text)
		}
	}
	if french.Subject != "Sujet : Your password was changed" || french.Header.Get("Content-Language") != "fr" || !strings.Contains(french.HTML, `<html lang="fr">`) {
		t.Errorf("%q in %q", french.Subject, french.Header.Get("Content-Language"))
	}
	if english := send(authserver.EmailMessageReset); english.Header.Get("Content-Language") != "en" || !strings.Contains(english.Text, "Hello Ada,") {
		t.Errorf("without a text: %s", english.Text)
	}
}
