package mail_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/mail"
	"latchkey/authserver/internal/places"
	"latchkey/authserver/internal/places/placestest"
	"latchkey/pkg/testenv"
)

// An email names the place of an address in its language, where it is known.
func TestEmailsNameThePlaceOfAnAddress(t *testing.T) {
	known, err := places.Open(placestest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	office := testenv.OpenPostOffice(t, "")
	s, err := mail.New(mail.Settings{URL: "smtp://" + office.Addr, From: "noreply@example.com", Issuer: "https://auth.example.com", Places: known, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ language, address, want string }{
		{"en", "203.0.113.9", "Lisbon, Portugal (203.0.113.9)"}, {"de", "203.0.113.9", "Lissabon, Portugal (203.0.113.9)"}, {"en", "192.0.2.7", ": 192.0.2.7"},
	} {
		from := authserver.Origin{UserAgent: "Budget/1.0", Address: c.address}
		l := authserver.EmailMessage{Kind: authserver.EmailMessageKeyMade, To: "ada@example.com", Language: c.language, Path: "/x", At: time.Now(), Origin: from}
		if err := s.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		if e := testenv.ReadEmail(t, <-office.Emails); !strings.Contains(e.Text, c.want) {
			t.Errorf("%q: %s", c.want, e.Text)
		}
	}
}
