package mail_test

import (
	"errors"
	"mime"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/authserver"
	lmail "latchkey/authserver/internal/mail"
	"latchkey/pkg/branding"
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

// everyKind is every kind of email, and whether it has a link.
var everyKind = map[string]bool{
	authserver.EmailMessageReset: true, authserver.EmailMessagePasswordChanged: true, authserver.EmailMessageConfirm: true,
	authserver.EmailMessageConfirmOwn: true, authserver.EmailMessageTaken: true, authserver.EmailMessageChanged: false,
	authserver.EmailMessageInvited: true, authserver.EmailMessageClosed: true, authserver.EmailMessageNew: true,
	authserver.EmailMessageSignin: true, authserver.EmailMessagePasskey: true, authserver.EmailMessageIdentity: true,
	authserver.EmailMessageFactorOn: true, authserver.EmailMessageFactorOff: true, authserver.EmailMessageRecoveryCode: true,
	authserver.EmailMessageKeyMade: true, authserver.EmailMessageKeyRotated: true, authserver.EmailMessageAllowed: true,
	authserver.EmailMessageJoined: true, authserver.EmailMessageLeft: true, authserver.EmailMessageRemoved: true,
}

func TestEveryEmailInEveryLanguage(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	s := sender(t, "smtp://"+office.Addr)
	for kind, linked := range everyKind {
		subjects := map[string]string{}
		for _, language := range []string{"en", "de", "xx"} {
			l := authserver.EmailMessage{
				Kind: kind, To: "ada@example.com", Name: "Ada\r\nBcc: eve@example.com <b>www.evil.example</b>", About: "http://evil.example/<i>x",
				Language: language, Path: "/reset?token=rst_x&y", Life: 15 * time.Minute, Until: time.Now().Add(time.Hour), At: time.Now(),
				Origin: authserver.Origin{UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", Address: "192.0.2.7"},
			}
			if !linked {
				l.Path = ""
			}
			if err := s.Send(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			e := testenv.ReadEmail(t, <-office.Emails)
			subjects[language] = e.Subject
			what := kind + " in " + language
			if e.Header.Get("Bcc") != "" || !strings.Contains(e.Header.Get("To"), "ada@example.com") || !strings.Contains(e.Header.Get("From"), "Latchkey") {
				t.Errorf("%s: headers %v", what, e.Header)
			}
			checkBodies(t, what, e, linked)
		}
		if subjects["en"] == "" || subjects["en"] == subjects["de"] || subjects["xx"] != subjects["en"] {
			t.Errorf("%s: subjects %v", kind, subjects)
		}
	}
}

// Where an operator did it, the email says so, and neither browser nor address.
func TestAnOperatorIsNamedAsSuch(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	s := sender(t, "smtp://"+office.Addr)
	for language, want := range map[string]string{"en": "Done by: The operator of this server", "de": "Durch: den Betreiber dieses Servers"} {
		l := authserver.EmailMessage{Kind: authserver.EmailMessageFactorOff, To: "ada@example.com", Language: language, Path: "/x", At: time.Now(), Operator: true}
		if err := s.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		if e := testenv.ReadEmail(t, <-office.Emails); !strings.Contains(e.Text, want) || strings.Contains(e.Text, "Browser") {
			t.Errorf("%s", e.Text)
		}
	}
}

// What no browser sent came from an unknown device.
func TestWhatIsNoBrowserIsADevice(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	s := sender(t, "smtp://"+office.Addr)
	for language, want := range map[string]string{"en": "Device: Unknown", "de": "Gerät: Unbekannt"} {
		from := authserver.Origin{UserAgent: "Budget/1.0", Address: "192.0.2.7"}
		l := authserver.EmailMessage{Kind: authserver.EmailMessageKeyMade, To: "ada@example.com", Language: language, Path: "/x", At: time.Now(), Origin: from}
		if err := s.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		if e := testenv.ReadEmail(t, <-office.Emails); !strings.Contains(e.Text, want) || strings.Contains(e.Text, "Browser") {
			t.Errorf("%s", e.Text)
		}
	}
}

// Times are those of the reader's zone, and name it.
func TestEmailsNameTheZoneOfTheirTimes(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	s := sender(t, "smtp://"+office.Addr)
	at := time.Date(2026, 1, 31, 22, 30, 0, 0, time.UTC)
	for zone, want := range map[string]string{"": "31 Jan 2026, 22:30 UTC", "Europe/Berlin": "31 Jan 2026, 23:30 CET", "Asia/Kolkata": "1 Feb 2026, 04:00 IST", "No/Such": "31 Jan 2026, 22:30 UTC"} {
		m := authserver.EmailMessage{Kind: authserver.EmailMessageClosed, To: "ada@example.com", TimeZone: zone, Path: "/x", At: at, Until: at}
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if e := testenv.ReadEmail(t, <-office.Emails); strings.Count(e.Text, want) != 2 || strings.Count(e.HTML, want) != 2 || strings.Contains(e.HTML, "\n..") {
			t.Errorf("%s: %s", zone, e.Text)
		}
	}
}

func checkBodies(t *testing.T, what string, e testenv.Email, linked bool) {
	t.Helper()
	const link = "https://auth.example.com/reset?token=rst_x"
	if linked != strings.Contains(e.Text, "\n"+link+"&y\n") || linked != strings.Contains(e.HTML, `href="`+link+`&amp;y"`) {
		t.Errorf("%s: the link is not where it should be: %s\n%s", what, e.Text, e.HTML)
	}
	if strings.Count(e.HTML, "<a ") != strings.Count(e.HTML, link+"&amp;y\"") || strings.Contains(e.HTML, "<img") || strings.Contains(e.HTML, "<b>") {
		t.Errorf("%s: links or markup that are not ours: %s", what, e.HTML)
	}
	for _, body := range []string{e.Text, e.HTML} {
		if !strings.Contains(body, "auth.example.com") || strings.Contains(body, "{{") || strings.Contains(body, "%!") {
			t.Errorf("%s: %s", what, body)
		}
		if strings.Contains(body, "evil.example") || strings.Contains(body, "eve@") || strings.Contains(body, "://evil") {
			t.Errorf("%s: a name is a link: %s", what, body)
		}
	}
}

// The languages say the same: the same emails, with the same placeholders, and the
// same words.
func TestLanguagesOfEmailsAreInStep(t *testing.T) {
	folders, err := filepath.Glob("text/*/words.json")
	if err != nil || len(folders) < 2 {
		t.Fatalf("%v: %v", folders, err)
	}
	english := holes(t, "text/en")
	if len(english) != len(everyKind)+1 {
		t.Fatalf("%d files, want one for each kind of email and the words", len(english))
	}
	for _, folder := range folders {
		if d := cmp.Diff(english, holes(t, filepath.Dir(folder))); d != "" {
			t.Errorf("%s (-en): %s", folder, d)
		}
	}
}

// holes returns the placeholders of each email of a folder, and the keys of its words.
func holes(t *testing.T, folder string) map[string][]string {
	t.Helper()
	placeholder := regexp.MustCompile(`\{\{\.\w+\}\}|"[a-z.]+":|%[sd]`)
	names, err := filepath.Glob(folder + "/*.*")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list := placeholder.FindAllString(string(raw), -1)
		slices.Sort(list)
		found[filepath.Base(name)] = slices.Compact(list)
	}
	return found
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

// TestEmailsHaveTheBrandingOfTheInstance: its name, its colours, and where there is help.
func TestEmailsHaveTheBrandingOfTheInstance(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	colours, _, _ := branding.Check("#7a1fa2", "")
	s, err := lmail.New(lmail.Settings{URL: "smtp://" + office.Addr, From: "noreply@example.com", Issuer: "https://auth.example.com", Now: time.Now, Branding: branding.Branding{
		Name: "Haus Nagy & Söhne", Colours: colours, Links: branding.Links{Support: "mailto:help@example.com"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), authserver.EmailMessage{Kind: authserver.EmailMessageChanged, To: "ada@example.com", Language: "en"}); err != nil {
		t.Fatal(err)
	}
	e := testenv.ReadEmail(t, <-office.Emails)
	for _, want := range []string{`<p class="brand">Haus Nagy &amp; Söhne</p>`, "#7a1fa2", `<a href="mailto:help@example.com">help@example.com</a>`} {
		if !strings.Contains(e.HTML, want) {
			t.Errorf("no %s in %s", want, e.HTML)
		}
	}
	from, err := (&mail.AddressParser{WordDecoder: new(mime.WordDecoder)}).Parse(e.Header.Get("From"))
	if err != nil || from.Name != "Haus Nagy & Söhne" || !strings.HasSuffix(e.Text, "-- \nSent by Haus Nagy & Söhne (auth.example.com). Help: help@example.com\n") {
		t.Errorf("%v: %v: %s", from, err, e.Text)
	}
}
