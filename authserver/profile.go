package authserver

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Longest address (RFC 5321 section 4.5.3.1.3) and longest name.
const (
	maxEmail = 254
	maxName  = 255
)

// emailShape is the address rule of HTML forms, so that a browser and we agree.
var emailShape = regexp.MustCompile(`^[a-zA-Z0-9.!#$%&'*+/=?^_` + "`" + `{|}~-]{1,64}@` +
	`[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$`)

// CheckEmail returns the rules that a normalized address breaks.
func CheckEmail(address string) Violations {
	switch {
	case address == "":
		return Violations{{Field: "email", Rule: "email.blank", Message: "Email can't be blank"}}
	case len(address) > maxEmail, !emailShape.MatchString(address):
		return Violations{{Field: "email", Rule: "email.invalid", Message: "Email is invalid"}}
	}
	return nil
}

// EmailTaken is the violation of a second sign-up with one address.
func EmailTaken() Violations {
	return Violations{{Field: "email", Rule: "email.taken", Message: "Email has already been taken"}}
}

// CheckName returns the rules that a trimmed personal or family name breaks.
// field is "first_name", "last_name" or "family_name"; an empty name is fine.
func CheckName(field, name string) Violations {
	label := map[string]string{"first_name": "First name", "last_name": "Last name", "family_name": "Family name"}[field]
	switch {
	case utf8.RuneCountInString(name) > maxName:
		return Violations{{Field: field, Rule: "name.long", Message: label + " is too long (maximum is 255 characters)"}}
	case !utf8.ValidString(name), strings.ContainsFunc(name, unprintable):
		return Violations{{Field: field, Rule: "name.invalid", Message: label + " is invalid"}}
	}
	return nil
}

// unprintable also refuses the invisible characters that turn the direction of
// text around: a name is shown beside other people's.
func unprintable(r rune) bool { return !unicode.IsPrint(r) && r != '\u200d' && r != '\u200c' }

// FamilyNameFor is what the family of a new user is called until somebody
// renames it.
func FamilyNameFor(u *User) string {
	switch {
	case u.LastName != "":
		return u.LastName + " family"
	case u.FirstName != "":
		return u.FirstName + "'s family"
	}
	local, _, _ := strings.Cut(u.Email, "@")
	return local + "'s family"
}
