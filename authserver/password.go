package authserver

import (
	"strings"
	"unicode/utf8"
)

// MaxPassword is the longest password that is read, in bytes.
const MaxPassword = 1024

// minPassword is the shortest password that is accepted, in characters.
const minPassword = 8

// passwordSpecials is the published list of special characters, and nothing else.
const passwordSpecials = `!@#$%^&*(),.?":{}|<>`

// CheckPassword returns every rule that the password of owner breaks
// (docs/contract.md, "Password rules"), or, where it breaks none of those, why
// it is easy to guess. An owner without a name or an address has none yet.
func CheckPassword(password string, owner *User) Violations {
	password = NormalizePassword(password)
	broken := func(rule, message string) Violation {
		return Violation{Field: "password", Rule: "password." + rule, Message: message}
	}
	switch {
	case strings.TrimSpace(password) == "":
		return Violations{broken("blank", "Password can't be blank")}
	case len(password) > MaxPassword:
		return Violations{broken("long", "Password must be at most 1024 bytes")}
	}
	var list Violations
	if utf8.RuneCountInString(password) < minPassword {
		list = append(list, broken("short", "Password must be at least 8 characters"))
	}
	if !strings.ContainsFunc(password, asciiUpper) || !strings.ContainsFunc(password, asciiLower) {
		list = append(list, broken("case", "Password must include both uppercase and lowercase letters"))
	}
	if !strings.ContainsFunc(password, asciiDigit) {
		list = append(list, broken("digit", "Password must include at least one number"))
	}
	if !strings.ContainsAny(password, passwordSpecials) {
		list = append(list, broken("special", "Password must include at least one special character"))
	}
	if guess := guessable(password, owner); guess != "" {
		list = append(list, broken("guessable", guess))
	}
	return list
}

func asciiUpper(r rune) bool { return r >= 'A' && r <= 'Z' }
func asciiLower(r rune) bool { return r >= 'a' && r <= 'z' }
func asciiDigit(r rune) bool { return r >= '0' && r <= '9' }
