package authserver

import (
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/pkg/secret"
)

// Passkey is a public key whose private half proves that a user is present
// (Web Authentication Level 2).
type Passkey struct {
	ID             string // ours
	UserID         string
	CredentialID   []byte // the authenticator's
	PublicKey      []byte // COSE
	SignCount      uint32 // at last use; 0: the authenticator does not count
	BackupEligible bool   // it may be copied to the person's other devices
	BackedUp       bool   // and it was
	AAGUID         []byte // the authenticator's make
	Transports     []string
	Name           string
	CreatedAt      time.Time
	UsedAt         *time.Time
	SuspendedAt    *time.Time // by a password reset: it opens nothing until its user restores it
}

// Limits of passkeys.
const (
	MaxPasskeys      = 20 // of one user
	MaxPasskeyName   = 60 // characters
	MaxCredentialID  = 1023
	MaxPasskeyPublic = 2048 // bytes; an RSA key of 8192 bits has 1040
)

// What a challenge was given out for.
const (
	PasskeyRegister     = "register"
	PasskeySignin       = "signin"
	PasskeySecondFactor = "second_factor"
)

// PasskeyChallenge is a challenge that was given to a browser and waits for its
// answer, single use.
type PasskeyChallenge struct {
	Digest    secret.Digest // of the challenge
	Purpose   string        // PasskeyRegister, PasskeySignin or PasskeySecondFactor
	Browser   secret.Digest // of the cookie of the browser that may answer
	UserID    string        // who must answer; empty: whoever can
	CreatedAt time.Time
	ExpiresAt time.Time
}

// CheckPasskeyName returns the rules that a trimmed name breaks.
func CheckPasskeyName(name string) Violations {
	broken := func(rule, message string) Violations {
		return Violations{{Field: "passkey_name", Rule: "passkey_name." + rule, Message: message}}
	}
	switch {
	case strings.TrimSpace(name) == "":
		return broken("blank", "Name can't be blank")
	case utf8.RuneCountInString(name) > MaxPasskeyName:
		return broken("long", "Name is too long (maximum is 60 characters)")
	case !utf8.ValidString(name), strings.ContainsFunc(name, unprintable):
		return broken("invalid", "Name is invalid")
	}
	return nil
}
