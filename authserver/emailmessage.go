package authserver

import "time"

// What an email says.
const (
	EmailMessageReset           = "reset"            // here is your link
	EmailMessagePasswordChanged = "password_changed" // it was changed by such a link
	EmailMessageConfirm         = "confirm_email"    // confirm that this new address is yours
	EmailMessageConfirmOwn      = "confirm_own"      // confirm that the address you signed up with is yours
	EmailMessageTaken           = "email_taken"      // somebody asked for an address that is yours already
	EmailMessageChanged         = "email_changed"    // to the old address
	EmailMessageNew             = "email_new"        // to the new address
	EmailMessageInvited         = "family_invited"   // to somebody who has no account yet
	EmailMessageClosed          = "account_closed"   // it was deleted; the link takes that back
	EmailMessageSignin          = "signin_new"       // at a browser or on a device that was not known
	EmailMessagePasskey         = "passkey_added"
	EmailMessageIdentity        = "identity_linked" // an account at a provider can sign in
	EmailMessageFactorOn        = "second_factor_on"
	EmailMessageFactorOff       = "second_factor_off"
	EmailMessageRecoveryCode    = "recovery_code_used"
	EmailMessageKeyMade         = "key_created"
	EmailMessageKeyRotated      = "key_rotated"
	EmailMessageAllowed         = "application_allowed" // to change things
	EmailMessageJoined          = "member_joined"       // to the admins
	EmailMessageLeft            = "member_removed"      // to the admins
	EmailMessageRemoved         = "removed"             // to whom was removed
)

// EmailMessage is a message to a person. As JSON it waits in the outbox. What a link
// carries is made when the email is sent, and is in memory only.
type EmailMessage struct {
	Kind     string        `json:"kind"`
	To       string        `json:"to"`
	Name     string        `json:"name,omitempty"`      // of the person, as they call themselves; "": nothing
	By       string        `json:"by,omitempty"`        // address of whoever invites, if it is confirmed, or who joined or was removed
	Language string        `json:"language,omitempty"`  // "en" …; one that has no text is answered in English
	TimeZone string        `json:"time_zone,omitempty"` // that times are in, of the IANA database; "": UTC
	Page     string        `json:"page,omitempty"`      // path of a page to look at
	About    string        `json:"about,omitempty"`     // what it happened to, as somebody has named it
	At       time.Time     `json:"at,omitzero"`         // when it happened; zero: it says nothing of that
	Device   string        `json:"device,omitempty"`    // in the place of the browser: what its owner calls it
	Origin   Origin        `json:"origin,omitzero"`     // of the request it was asked for with, where the reader may know
	Operator bool          `json:"operator,omitempty"`  // whoever runs the server did it; then there is no Origin
	GiveUp   time.Time     `json:"give_up,omitzero"`    // the email is worth nothing after it
	Bound    string        `json:"bound,omitempty"`     // digest of the password hash and the address it was asked for under
	ID       string        `json:"id,omitempty"`        // of the invitation it is about
	Path     string        `json:"-"`                   // of the link, on this server; "": none
	Life     time.Duration `json:"-"`                   // of the link
	Until    time.Time     `json:"-"`                   // what the email speaks of ends then; zero: nothing does
}
