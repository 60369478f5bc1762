package authserver

import (
	"strings"
	"time"

	"latchkey/pkg/secret"
)

// User is a person. A user belongs to exactly one family.
type User struct {
	ID            string
	FamilyID      string
	FamilyName    string // read with the user; written with the family
	Role          string
	Operator      bool // the first user of an instance
	Email         string
	PasswordHash  string     // PHC string; empty: no password (signed up through single sign-on)
	PasswordAt    *time.Time // when the person chose the password; nil: not known, or there is none
	FirstName     string
	LastName      string
	UILayout      string // "dashboard" or "intro"
	AIEnabled     bool   // the person's preference
	SecondFactor  bool   // a confirmed second factor is asked for
	CreatedAt     time.Time
	DeactivatedAt *time.Time
	EraseAt       *time.Time // the account is closed: it can be restored until then
	// EmailConfirmedAt is when the person proved to read what is sent to Email; nil:
	// not yet, and others must not rely on it.
	EmailConfirmedAt *time.Time
	Language         string // of the last sign-in, "en" …; "": not known
	// How the person likes pages to be (Preferences).
	Theme, ChosenLanguage, TimeZone string
	New                             bool // created by the transaction that goes on; not stored
	Review                          bool // a reset has suspended ways to sign in; the person is asked which to restore
}

// Preferences are how the person likes pages to be.
func (u *User) Preferences() Preferences {
	return Preferences{Theme: u.Theme, Language: u.ChosenLanguage, TimeZone: u.TimeZone}
}

// Active reports whether the user may do anything at all.
func (u *User) Active() bool { return u.DeactivatedAt == nil }

// Closed reports whether the user has deleted the account and may still take that
// back.
func (u *User) Closed() bool { return u.DeactivatedAt != nil && u.EraseAt != nil }

// EmailConfirmed reports whether the address was proved to be the person's.
func (u *User) EmailConfirmed() bool { return u.EmailConfirmedAt != nil }

// Named is what the person calls themselves; "": nothing.
func (u *User) Named() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// NamesSeen stands for the names of the person as a form shows them.
func (u *User) NamesSeen() string { return secret.DigestOf(u.FirstName + "\n" + u.LastName).String() }

// DisplayName is how pages address the person.
func (u *User) DisplayName() string {
	if name := u.Named(); name != "" {
		return name
	}
	return u.Email
}
