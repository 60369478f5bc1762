package authserver

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// What people type differs with the keyboard although they mean the same. Each
// kind of text has one spelling here, whatever door it comes through.

// NormalizeEmail is the one spelling of an address: two addresses are the same
// person's when it is equal. Blanks around it go, letters become small, wide
// forms narrow, and the domain is as DNS has it (RFC 5891), bücher.example as
// xn--bcher-kva.example. What is no address stays one that CheckEmail refuses.
func NormalizeEmail(address string) string {
	address = strings.ToLower(strings.TrimFunc(norm.NFKC.String(address), blank))
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	if domain, err := idna.Lookup.ToASCII(address[at+1:]); err == nil {
		return address[:at+1] + domain
	}
	return address
}

// NormalizePassword is the one spelling of a password (RFC 8265 section 4.2.2,
// OpaqueString): composed, every blank an ordinary one. Text that the RFC
// refuses, such as a symbol younger than our tables, is composed all the same.
func NormalizePassword(password string) string {
	if prepared, err := precis.OpaqueString.String(password); err == nil {
		return prepared
	}
	return norm.NFC.String(password)
}

// NormalizeCode is the one spelling of a code that a person types: small letters
// and digits, in whatever script the digits were, without blanks and dashes.
func NormalizeCode(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case blank(r), unicode.Is(unicode.Pd, r), r == '\u2212': // a minus sign
			return -1
		case unicode.Is(unicode.Nd, r):
			return '0' + digitValue(r)
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(code))
}

// blank is a rune of which nothing is seen.
func blank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// digitValue is what a decimal digit stands for: in each script ten of them
// follow each other from zero on.
func digitValue(r rune) rune {
	for _, block := range unicode.Nd.R16 {
		if r <= rune(block.Hi) {
			return (r - rune(block.Lo)) % 10
		}
	}
	for _, block := range unicode.Nd.R32 {
		if r <= rune(block.Hi) { //nolint:gosec // runes fit
			return (r - rune(block.Lo)) % 10 //nolint:gosec // as above
		}
	}
	return 0
}
