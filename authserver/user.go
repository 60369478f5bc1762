package authserver

import (
	"strings"
	"time"
)

// User is a person. A user belongs to exactly one family.
type User struct {
	ID            string
	FamilyID      string
	FamilyName    string // read with the user; written with the family
	Role          string
	Operator      bool // the first user of an instance
	Email         string
	PasswordHash  string // PHC string; empty: no password (signed up through single sign-on)
	FirstName     string
	LastName      string
	UILayout      string // "dashboard" or "intro"
	AIEnabled     bool   // the person's preference
	SecondFactor  bool   // a confirmed second factor is asked for
	CreatedAt     time.Time
	DeactivatedAt *time.Time
}

// Active reports whether the user may do anything at all.
func (u *User) Active() bool { return u.DeactivatedAt == nil }

// DisplayName is how pages address the person.
func (u *User) DisplayName() string {
	if name := strings.TrimSpace(u.FirstName + " " + u.LastName); name != "" {
		return name
	}
	return u.Email
}
