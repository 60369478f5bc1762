package authserver

import (
	"slices"
	"time"
)

// EventFilter chooses events. Empty fields do not filter.
type EventFilter struct {
	ID       string
	UserID   string
	FamilyID string
	About    string // an id of who, whose, through which or to what; an address, or a request id
	Kinds    []string
	Since    time.Time // the first moment
	Until    time.Time // the first moment after
	After    Place     // the last event of the page before
	Before   Place     // instead of After, the first event of the page after
	Limit    int       // how many; 0: all
}

// Place is that of e in a list with the newest first.
func (e *Event) Place() Place { return NewPlace(OrderNewest, "", e.At, e.ID) }

// EventGroup is what people call kinds of events that belong together.
type EventGroup struct {
	Name  string
	Kinds []string
}

// EventGroups are all kinds that the table of events may have.
var EventGroups = []EventGroup{
	{"signins", []string{EventSignin, EventSigninFailed, EventSignout, EventSignoutAll, EventSignoutOthers, EventSigninEnded, EventSigninRecognised, EventDeviceRevoked}},
	{"security", []string{
		EventPasswordChanged, EventResetRequested, EventEmailChanged, EventEmailConfirmed, EventSecondFactorOn, EventSecondFactorOff,
		EventRecoveryCodeUsed, EventRecoveryCodesMade,
		EventPasskeyAdded, EventPasskeyRemoved, EventPasskeyCopied,
		EventIdentityLinked, EventIdentityUnlinked, EventIdentityBlocked, EventIdentityUnblocked,
	}},
	{"applications", []string{
		EventConsentGiven, EventConsentRevoked, EventGrantEnded, EventClientCreated, EventClientChanged, EventClientRotated, EventClientDeleted,
		EventClientLogo, EventClientVerified, EventClientUnverified, EventClientDisabled, EventClientEnabled, EventTokenCreated, EventTokenRevoked,
	}},
	{"keys", []string{EventKeyCreated, EventKeyRotated, EventKeyRevoked, EventKeyTier}},
	{"household", []string{EventMemberInvited, EventInvitationRevoked, EventMemberJoined, EventMemberRemoved, EventRoleChanged, EventTimeZoneChanged, EventInviteCreated, EventInviteRevoked}},
	{"account", []string{
		EventSignup, EventExported, EventUserDeactivated, EventUserReactivated, EventUserClosed, EventUserRestored, EventUserDeleted,
		EventOperatorOn, EventOperatorOff,
	}},
}

// EventGroupOf returns the name of the group of a kind; "": there is no such kind in
// the table.
func EventGroupOf(kind string) string {
	for _, g := range EventGroups {
		if slices.Contains(g.Kinds, kind) {
			return g.Name
		}
	}
	return ""
}
