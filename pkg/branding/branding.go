// Package branding is how an instance looks and what it calls itself: a name, a colour, a
// logo and the addresses of whoever runs it, which the operator chooses.
package branding

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"unicode"
)

// DefaultName is the name of an instance that was given none.
const DefaultName = "Latchkey"

// Branding is how an instance looks.
type Branding struct {
	Name           string
	Colours        *Colours // nil: the pages' own
	Logo, LogoDark *Logo    // nil: our sign; on dark pages Logo
	Links          Links
}

// Links lead to what the operator says; "" leads nowhere.
type Links struct{ Terms, Privacy, Support string }

// FileName is the name as names of files begin with it: small letters and digits of
// ASCII, and dashes between them.
func (b Branding) FileName() string {
	words := strings.FieldsFunc(strings.ToLower(b.Name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	if len(words) == 0 {
		words = []string{strings.ToLower(DefaultName)}
	}
	return strings.Join(words, "-")
}

// maxName keeps the name in the bar of a phone.
const maxName = 32 // characters

// checkName refuses a name that pages and emails cannot show on one line.
func checkName(name string) error {
	if name != strings.TrimSpace(name) || name == "" || len([]rune(name)) > maxName {
		return fmt.Errorf("must have 1 to %d characters, without blanks around", maxName)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r) || r == '<' || r == '>' || r == '"' || r == '%' || r == ':' {
			return errors.New("must be plain characters, and none of < > \" : %, which mean something elsewhere")
		}
	}
	return nil
}

// checkLink refuses what a page must not lead to. Support may be an address of email.
func checkLink(text string, support bool) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err == nil && support && u.Scheme == "mailto" {
		if _, err := mail.ParseAddress(u.Opaque); err == nil && u.RawQuery == "" {
			return nil
		}
	}
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		if support {
			return errors.New("must be an https URL or mailto:somebody@example.com")
		}
		return errors.New("must be an https URL")
	}
	return nil
}
