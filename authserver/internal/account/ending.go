package account

import (
	"context"
	"slices"

	"latchkey/authserver"
)

// AccessKind is a kind of access: what lets somebody in, or lets somebody else act for them.
type AccessKind string

// The kinds, in the order of docs/threats.md.
const (
	accessSignins      AccessKind = "browser sign-ins"
	accessOwnApps      AccessKind = "first-party grants"
	accessApplications AccessKind = "third-party grants"
	accessCodes        AccessKind = "codes in flight"
	accessDeviceCodes  AccessKind = "device codes"
	accessKeys         AccessKind = "API keys"
	accessConsents     AccessKind = "consents"
	accessInvitations  AccessKind = "invitations made"
	accessLinks        AccessKind = "pending links"
	accessPasskeys     AccessKind = "passkeys"
	accessIdentities   AccessKind = "identities"
)

// AccessKinds returns all of them, in the order of docs/threats.md.
func AccessKinds() []AccessKind {
	return []AccessKind{accessSignins, accessOwnApps, accessApplications, accessCodes, accessDeviceCodes, accessKeys, accessConsents, accessInvitations, accessLinks, accessPasskeys, accessIdentities}
}

// Effect is what an event does to a kind of access.
type Effect string

// The effects. Asked: the person decides on the next page what is kept.
const (
	effectEnds  Effect = "ends"
	effectStays Effect = "stays"
	effectAsked Effect = "asked"
)

// Ending is an event that takes access away.
type Ending struct {
	Name   string
	reason string // of what ends, in the tables
	ends   []AccessKind
	asks   []AccessKind
}

// The endings. Those about one consent, key or client end what belongs to it, and
// are carried out where that is; all others are carried out by Service.end.
var (
	endingPassword    = Ending{"new password", authserver.EndPasswordChanged, []AccessKind{accessSignins, accessOwnApps, accessApplications, accessCodes, accessLinks}, []AccessKind{accessKeys, accessConsents, accessPasskeys, accessIdentities}}
	endingReset       = Ending{"password reset", authserver.EndPasswordChanged, []AccessKind{accessSignins, accessOwnApps, accessApplications, accessCodes, accessKeys, accessConsents, accessInvitations, accessLinks}, []AccessKind{accessPasskeys, accessIdentities}}
	endingSignOut     = Ending{"sign out everywhere else", authserver.EndDeviceRevoked, []AccessKind{accessSignins, accessOwnApps, accessCodes}, nil}
	endingFactorOn    = Ending{"second factor turned on", authserver.EndSignedOut, []AccessKind{accessSignins, accessOwnApps, accessCodes}, nil}
	endingFactorOff   = Ending{"second factor turned off", "", nil, nil}
	endingEmail       = Ending{"address changed", "", []AccessKind{accessLinks}, nil}
	endingConsent     = Ending{"consent taken back", authserver.EndRevoked, []AccessKind{accessApplications, accessCodes, accessConsents}, nil}
	endingKey         = Ending{"key revoked", authserver.KeyRevoked, []AccessKind{accessKeys}, nil}
	endingClient      = Ending{"client deleted", authserver.EndClientDeleted, []AccessKind{accessApplications, accessCodes, accessConsents}, nil}
	endingDemoted     = Ending{"demoted", "", []AccessKind{accessInvitations}, nil}
	endingRemoved     = Ending{"removed from the family", authserver.EndRemoved, []AccessKind{accessSignins, accessOwnApps, accessApplications, accessCodes, accessKeys, accessConsents, accessInvitations, accessLinks}, nil}
	endingDeactivated = Ending{"deactivated", authserver.EndDeactivated, []AccessKind{accessSignins, accessOwnApps, accessApplications, accessCodes, accessKeys, accessConsents, accessInvitations, accessLinks}, nil}
	endingDeleted     = Ending{"deleted", authserver.EndDeactivated, []AccessKind{accessSignins, accessOwnApps, accessApplications, accessCodes, accessKeys, accessConsents, accessInvitations, accessLinks}, nil}
)

// Endings returns all of them, in the order of docs/threats.md.
func Endings() []Ending {
	return []Ending{
		endingPassword, endingReset, endingSignOut, endingFactorOn, endingFactorOff, endingEmail, endingConsent, endingKey,
		endingClient, endingDemoted, endingRemoved, endingDeactivated, endingDeleted,
	}
}

// EffectOn returns what the event does to a kind of access. A device code that somebody has allowed
// is a code in flight.
func (e *Ending) EffectOn(kind AccessKind) Effect {
	if kind == accessDeviceCodes {
		kind = accessCodes
	}
	switch {
	case slices.Contains(e.ends, kind):
		return effectEnds
	case slices.Contains(e.asks, kind):
		return effectAsked
	}
	return effectStays
}

// end ends what e ends of a user, in the transaction of ctx, which has changed the
// user's row: nothing more is made from it. except is the id of the sign-in that
// stays, with the codes that were made from it; "": none.
func (s *Service) end(ctx context.Context, userID string, e Ending, except string) error {
	now := s.now()
	steps := []struct {
		of   AccessKind
		take func() error
	}{
		{accessSignins, func() error { return s.deps.Store.ForgetAnnouncements(ctx, userID) }},
		{accessSignins, func() error { return s.deps.Store.EndSignins(ctx, userID, except, now) }},
		{accessSignins, func() error { return s.deps.Store.DeletePendingSignins(ctx, userID, now) }},
		{accessOwnApps, func() error { return s.deps.Store.EndDevices(ctx, userID, now) }},
		{accessLinks, func() error { return s.deps.Store.VoidLinks(ctx, userID, now) }},
		{accessInvitations, func() error { return s.deps.Store.RevokeInvitationsBy(ctx, userID, now) }},
		{accessInvitations, func() error { return s.deps.Store.VoidHandedOut(ctx, userID, now) }},
		{accessKeys, func() error { return s.revokeKeys(ctx, userID, e.reason) }},
		{accessConsents, func() error { return s.deps.Store.DeleteConsents(ctx, userID) }},
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
	if slices.Contains(e.ends, accessApplications) {
		return s.deps.Grants.End(ctx, authserver.GrantFilter{UserID: userID}, e.reason)
	}
	if slices.Contains(e.ends, accessCodes) {
		f := authserver.GrantFilter{UserID: userID, ExceptSigninID: except, PendingOnly: true}
		if err := s.deps.Grants.End(ctx, f, authserver.EndSignedOut); err != nil {
			return err
		}
	}
	if !slices.Contains(e.ends, accessOwnApps) {
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
