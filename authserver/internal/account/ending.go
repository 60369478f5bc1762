package account

import (
	"context"
	"slices"

	"latchkey/authserver"
)

// Thing is something that lets somebody in, or lets somebody else act for them.
type Thing string

// The things, in the order of docs/threats.md.
const (
	ThingSignins      Thing = "browser sign-ins"
	ThingOwnApps      Thing = "first-party grants"
	ThingApplications Thing = "third-party grants"
	ThingCodes        Thing = "codes in flight"
	ThingDeviceCodes  Thing = "device codes"
	ThingKeys         Thing = "API keys"
	ThingConsents     Thing = "consents"
	ThingInvitations  Thing = "invitations made"
	ThingLinks        Thing = "pending links"
	ThingPasskeys     Thing = "passkeys"
	ThingIdentities   Thing = "identities"
)

// Things returns all of them, in the order of docs/threats.md.
func Things() []Thing {
	return []Thing{ThingSignins, ThingOwnApps, ThingApplications, ThingCodes, ThingDeviceCodes, ThingKeys, ThingConsents, ThingInvitations, ThingLinks, ThingPasskeys, ThingIdentities}
}

// Fate is what an event does to a thing.
type Fate string

// The fates. Asked: the person decides on the next page what is kept.
const (
	Ends  Fate = "ends"
	Stays Fate = "stays"
	Asked Fate = "asked"
)

// Ending is an event that takes something away.
type Ending struct {
	Name   string
	reason string // of what ends, in the tables
	ends   []Thing
	asks   []Thing
}

// The endings. Those about one consent, key or client end what belongs to it, and
// are carried out where that is; all others are carried out by Service.end.
var (
	EndingPassword    = Ending{"new password", authserver.EndPasswordChanged, []Thing{ThingSignins, ThingOwnApps, ThingApplications, ThingCodes, ThingLinks}, []Thing{ThingKeys, ThingConsents, ThingPasskeys, ThingIdentities}}
	EndingReset       = Ending{"password reset", authserver.EndPasswordChanged, []Thing{ThingSignins, ThingOwnApps, ThingApplications, ThingCodes, ThingKeys, ThingConsents, ThingInvitations, ThingLinks}, []Thing{ThingPasskeys, ThingIdentities}}
	EndingSignOut     = Ending{"sign out everywhere else", authserver.EndDeviceRevoked, []Thing{ThingSignins, ThingOwnApps, ThingCodes}, nil}
	EndingFactorOn    = Ending{"second factor turned on", authserver.EndSignedOut, []Thing{ThingSignins, ThingOwnApps, ThingCodes}, nil}
	EndingFactorOff   = Ending{"second factor turned off", "", nil, nil}
	EndingEmail       = Ending{"address changed", "", []Thing{ThingLinks}, nil}
	EndingConsent     = Ending{"consent taken back", authserver.EndRevoked, []Thing{ThingApplications, ThingCodes, ThingConsents}, nil}
	EndingKey         = Ending{"key revoked", authserver.KeyRevoked, []Thing{ThingKeys}, nil}
	EndingClient      = Ending{"client deleted", authserver.EndClientDeleted, []Thing{ThingApplications, ThingCodes, ThingConsents}, nil}
	EndingDemoted     = Ending{"demoted", "", []Thing{ThingInvitations}, nil}
	EndingRemoved     = Ending{"removed from the family", authserver.EndRemoved, []Thing{ThingSignins, ThingOwnApps, ThingApplications, ThingCodes, ThingKeys, ThingConsents, ThingInvitations, ThingLinks}, nil}
	EndingDeactivated = Ending{"deactivated", authserver.EndDeactivated, []Thing{ThingSignins, ThingOwnApps, ThingApplications, ThingCodes, ThingKeys, ThingConsents, ThingInvitations, ThingLinks}, nil}
	EndingDeleted     = Ending{"deleted", authserver.EndDeactivated, []Thing{ThingSignins, ThingOwnApps, ThingApplications, ThingCodes, ThingKeys, ThingConsents, ThingInvitations, ThingLinks}, nil}
)

// Endings returns all of them, in the order of docs/threats.md.
func Endings() []Ending {
	return []Ending{
		EndingPassword, EndingReset, EndingSignOut, EndingFactorOn, EndingFactorOff, EndingEmail, EndingConsent, EndingKey,
		EndingClient, EndingDemoted, EndingRemoved, EndingDeactivated, EndingDeleted,
	}
}

// Does returns what the event does to a thing. A device code that somebody has allowed
// is a code in flight.
func (e *Ending) Does(what Thing) Fate {
	if what == ThingDeviceCodes {
		what = ThingCodes
	}
	switch {
	case slices.Contains(e.ends, what):
		return Ends
	case slices.Contains(e.asks, what):
		return Asked
	}
	return Stays
}

// end ends what e ends of a user, in the transaction of ctx, which has changed the
// user's row: nothing more is made from it. except is the id of the sign-in that
// stays, with the codes that were made from it; "": none.
func (s *Service) end(ctx context.Context, userID string, e Ending, except string) error {
	now := s.now()
	steps := []struct {
		of   Thing
		take func() error
	}{
		{ThingSignins, func() error { return s.deps.Store.ForgetAnnouncements(ctx, userID) }},
		{ThingSignins, func() error { return s.deps.Store.EndSignins(ctx, userID, except, now) }},
		{ThingSignins, func() error { return s.deps.Store.DeletePendingSignins(ctx, userID, now) }},
		{ThingOwnApps, func() error { return s.deps.Store.EndDevices(ctx, userID, now) }},
		{ThingLinks, func() error { return s.deps.Store.VoidLinks(ctx, userID, now) }},
		{ThingInvitations, func() error { return s.deps.Store.RevokeInvitationsBy(ctx, userID, now) }},
		{ThingInvitations, func() error { return s.deps.Store.VoidLinksBy(ctx, userID, now) }},
		{ThingKeys, func() error { return s.revokeKeys(ctx, userID, e.reason) }},
		{ThingConsents, func() error { return s.deps.Store.DeleteConsents(ctx, userID) }},
	}
	for _, step := range steps {
		if !slices.Contains(e.ends, step.of) {
			continue
		}
		if err := step.take(); err != nil {
			return err
		}
	}
	return s.endGrants(ctx, userID, e, except)
}

// endGrants ends grants last: see grant.Service.End.
func (s *Service) endGrants(ctx context.Context, userID string, e Ending, except string) error {
	if slices.Contains(e.ends, ThingApplications) {
		return s.deps.Grants.End(ctx, authserver.GrantFilter{UserID: userID}, e.reason)
	}
	if slices.Contains(e.ends, ThingCodes) {
		f := authserver.GrantFilter{UserID: userID, ExceptSigninID: except, PendingOnly: true}
		if err := s.deps.Grants.End(ctx, f, authserver.EndSignedOut); err != nil {
			return err
		}
	}
	if !slices.Contains(e.ends, ThingOwnApps) {
		return nil
	}
	return s.deps.Grants.End(ctx, authserver.GrantFilter{UserID: userID, FirstPartyOnly: true}, e.reason)
}

func (s *Service) revokeKeys(ctx context.Context, userID, reason string) error {
	if s.deps.Keys == nil {
		return nil
	}
	return s.deps.Keys.RevokeAll(ctx, userID, reason)
}
