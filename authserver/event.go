package authserver

import (
	"strings"
	"time"
)

// Kinds of security events: Event.Kind in the table, "event" on log lines.
const (
	EventSignup            = "signup"
	EventSignin            = "signin"
	EventSigninFailed      = "signin.failed"
	EventSignout           = "signout"
	EventSignoutAll        = "signout.everywhere" // by an operator
	EventSignoutOthers     = "signout.others"     // everywhere but where it was asked for
	EventSigninEnded       = "signin.ended"       // at another browser
	EventSigninRecognised  = "signin.recognised"  // somebody said that a new one was theirs
	EventConsentGiven      = "consent.given"
	EventConsentRevoked    = "consent.revoked"
	EventGrantOpened       = "grant.opened"
	EventGrantEnded        = "grant.ended"
	EventClientCreated     = "client.created"
	EventClientRotated     = "client.rotated"
	EventClientChanged     = "client.changed"
	EventClientDeleted     = "client.deleted"
	EventClientRefused     = "client.refused"
	EventClientLogo        = "client.logo_changed"
	EventClientVerified    = "client.verified"
	EventClientUnverified  = "client.unverified"
	EventClientDisabled    = "client.disabled"
	EventClientEnabled     = "client.enabled"
	EventTokenCreated      = "registration_token.created"
	EventTokenRevoked      = "registration_token.revoked"
	EventKeyCreated        = "apikey.created"
	EventKeyRevoked        = "apikey.revoked"
	EventKeyRotated        = "apikey.rotated"
	EventKeyTier           = "apikey.tier_set"
	EventSecondFactorOn    = "second_factor.on"
	EventSecondFactorOff   = "second_factor.off"
	EventRecoveryCodesMade = "second_factor.recovery_codes_renewed"
	EventRecoveryCodeUsed  = "second_factor.recovery_code_used"
	EventPasswordChanged   = "password.changed"
	EventResetRequested    = "password.reset_requested"
	EventEmailChanged      = "email.changed"
	EventEmailConfirmed    = "email.confirmed"
	EventExported          = "account.exported"
	EventDeviceRevoked     = "device.revoked"
	EventUserDeactivated   = "user.deactivated"
	EventUserReactivated   = "user.reactivated"
	EventUserClosed        = "user.closed" // deleted by the person, who may take that back for a while
	EventUserRestored      = "user.restored"
	EventUserDeleted       = "user.deleted"
	EventOperatorOn        = "operator.appointed"
	EventOperatorOff       = "operator.dismissed"
	EventInviteCreated     = "invite.created"
	EventInviteRevoked     = "invite.revoked"
	EventInvitationRevoked = "family.invitation_revoked"
	EventMemberInvited     = "family.invited"
	EventMemberJoined      = "family.joined"
	EventMemberRemoved     = "family.removed"
	EventRoleChanged       = "family.role_changed"
	EventTimeZoneChanged   = "family.time_zone_changed"
	EventIdentityLinked    = "identity.linked"
	EventIdentityUnlinked  = "identity.unlinked"
	EventIdentityBlocked   = "identity.blocked"
	EventIdentityUnblocked = "identity.unblocked"
	EventPasskeyAdded      = "passkey.added"
	EventPasskeyRemoved    = "passkey.removed"
	EventPasskeyCopied     = "passkey.copied" // the signature counter went back: somebody has a copy of the key
)

// Event is something that happened to somebody's account, family or application.
// It holds ids and what came with the request: no name of a person, no email address, no
// secret.
type Event struct {
	ID        string // UUID of version 7
	At        time.Time
	Kind      string
	Outcome   string // OutcomeSuccess or OutcomeFailure
	ActorID   string // who did it: a user, ActorOperator or ActorServer; "": nobody known
	UserID    string // whose account; "": nobody's
	FamilyID  string // "": on the way in, the family of the user; otherwise none
	ClientID  string // through which application, or to which; "": none
	SubjectID string // what it happened to: a key, a passkey, a device …; "": the account itself
	Details   map[string]string
	Origin
}

// ByAnother reports whether somebody did it to somebody else, and not the reader with
// the id: from where is then not the reader's business.
func (e *Event) ByAnother(readerID string) bool {
	return e.ActorID != "" && e.ActorID != e.UserID && e.UserID != "" && e.ActorID != readerID
}

// DetailSignup marks what happened as part of a sign-up.
const DetailSignup = "signup"

// DetailApplication is what an application was called that was deleted.
const DetailApplication = "application"

// Origin is where the request came from; empty where there was none.
type Origin struct {
	Address   string // client address, trusted proxies looked through
	UserAgent string
	RequestID string
}

// Outcomes of events.
const (
	OutcomeSuccess = "success"
	OutcomeFailure = "failure" // somebody was refused, or something is wrong
)

// Actors that are no users.
const (
	ActorOperator = "operator" // at the command line
	ActorServer   = "server"   // by itself, when the time had come
)

const maxUserAgent = 400

// UserAgentText is what is stored of a user agent: short, and text whatever the
// client sent.
func UserAgentText(sent string) string {
	return strings.ToValidUTF8(sent[:min(len(sent), maxUserAgent)], "")
}
