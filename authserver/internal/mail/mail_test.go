package mail_test

import (
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	lmail "latchkey/authserver/internal/mail"
	"latchkey/pkg/testenv"
)

func sender(t *testing.T, url string) *lmail.Sender {
	t.Helper()
	s, err := lmail.New(lmail.Settings{URL: url, From: "noreply@example.com", Issuer: "https://auth.example.com", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryEmailInEveryLanguage(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	s := sender(t, "smtp://"+office.Addr)
	for _, kind := range []string{
		authserver.EmailMessageReset, authserver.EmailMessagePasswordChanged, authserver.EmailMessageConfirm,
		authserver.EmailMessageTaken, authserver.EmailMessageChanged,
	} {
		subjects := map[string]string{}
		for _, language := range []string{"en", "de", "xx"} {
			l := authserver.EmailMessage{
				Kind: kind, To: "ada@example.com", Name: "Ada\r\nBcc: eve@example.com", Language: language,
				Path: "/reset?token=rst_x", Life: 15 * time.Minute,
			}
			if kind == authserver.EmailMessageChanged {
				l.Path = ""
			}
			if err := s.Send(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			m, err := mail.ReadMessage(strings.NewReader(<-office.Emails))
			if err != nil {
				t.Fatal(err)
			}
			body := m.Body
			if strings.EqualFold(m.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
				body = quotedprintable.NewReader(body)
			}
			text, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			if m.Header.Get("Bcc") != "" || !strings.Contains(m.Header.Get("To"), "ada@example.com") || !strings.Contains(m.Header.Get("From"), "Latchkey") {
				t.Errorf("%s in %s: headers %v", kind, language, m.Header)
			}
			if l.Path != "" && !strings.Contains(string(text), "\nhttps://auth.example.com/reset?token=rst_x") {
				t.Errorf("%s in %s does not have the link on a line of its own: %s", kind, language, text)
			}
			if !strings.Contains(string(text), "auth.example.com") {
				t.Errorf("%s in %s does not name the server: %s", kind, language, text)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			if err != nil || subject == "" {
				t.Errorf("%s in %s: subject %q %v", kind, language, subject, err)
			}
			subjects[language] = subject
		}
		if subjects["en"] == subjects["de"] || subjects["xx"] != subjects["en"] {
			t.Errorf("%s: subjects %v", kind, subjects)
		}
	}
}

// The log learns that an email was not sent, not to whom.
func TestReasonNamesNobody(t *testing.T) {
	office := testenv.OpenPostOffice(t, "550 5.1.1 ada@example.com: no such mailbox")
	for what, url := range map[string]string{"refused": "smtp://" + office.Addr, "unreachable": "smtp://127.0.0.1:1"} {
		err := sender(t, url).Send(t.Context(), authserver.EmailMessage{Kind: authserver.EmailMessageReset, To: "ada@example.com", Language: "en", Path: "/x"})
		if err == nil {
			t.Fatalf("%s: it was sent", what)
		}
		if reason := lmail.Reason(err); reason == "" || strings.Contains(reason, "ada@") {
			t.Errorf("%s: the reason is %q", what, reason)
		}
	}
}

// Without STARTTLS nothing is sent to another host, unless that is asked for.
func TestEncryptionIsDemanded(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	_, port, _ := net.SplitHostPort(office.Addr)
	message := authserver.EmailMessage{Kind: authserver.EmailMessageChanged, To: "ada@example.com", Language: "en"}
	for url, want := range map[string]bool{
		"smtp://127.0.0.1:" + port:               true,
		"smtp://127.0.0.1:" + port + "?tls=none": true, "smtp://127.0.0.1:" + port + "?tls=starttls": false,
		"smtps://127.0.0.1:" + port: false,
	} {
		if err := sender(t, url).Send(t.Context(), message); (err == nil) != want {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	good := lmail.Settings{URL: "smtp://u:secret-word@mail.example:587", From: "a@example.com", Issuer: "https://a.example", Now: time.Now}
	if _, err := lmail.New(good); err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(s *lmail.Settings){
		func(s *lmail.Settings) { s.URL = "http://u:secret-word@mail.example" },
		func(s *lmail.Settings) { s.URL = "smtp://u:secret-word@" },
		func(s *lmail.Settings) { s.URL = "smtp://u:secret-word@mail.example/path" },
		func(s *lmail.Settings) { s.URL = "smtp://u:secret-word@mail.example?tls=maybe" },
		func(s *lmail.Settings) { s.URL = "smtp://u:secret-word@mail.example:port" },
		func(s *lmail.Settings) { s.From = "nobody" },
		func(s *lmail.Settings) { s.Issuer = "nowhere" },
	} {
		s := good
		change(&s)
		if _, err := lmail.New(s); err == nil || strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%+v: %v", s.From, errors.Join(err))
		}
	}
}
