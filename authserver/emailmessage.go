package authserver

import "time"

// What an email says.
const (
	EmailMessageReset           = "reset"            // here is your link
	EmailMessagePasswordChanged = "password_changed" // it was changed by such a link
	EmailMessageConfirm         = "confirm_email"    // confirm that this address is yours
	EmailMessageTaken           = "email_taken"      // somebody asked for an address that is yours already
	EmailMessageChanged         = "email_changed"    // to the old address
	EmailMessageInvited         = "family_invited"   // to somebody who has no account yet
	EmailMessageClosed          = "account_closed"   // it was deleted; the link takes that back
)

// EmailMessage is a message to a person. It exists in memory only: it may hold a
// link in the clear.
type EmailMessage struct {
	Kind     string
	To       string
	Name     string        // of the person
	Language string        // "en" …; one that has no text is answered in English
	Path     string        // of the link, on this server; "": none
	Life     time.Duration // of the link
	Until    time.Time     // what the email speaks of ends then; zero: nothing does
}
