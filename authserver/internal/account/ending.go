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
	AccessSignins      AccessKind = "browser sign-ins"
	AccessOwnApps      AccessKind = "first-party grants"
	AccessApplications AccessKind = "third-party grants"
	AccessCodes        AccessKind = "codes in flight"
	AccessDeviceCodes  AccessKind = "device codes"
	AccessKeys         AccessKind = "API keys"
	AccessConsents     AccessKind = "consents"
	AccessInvitations  AccessKind = "invitations made"
	AccessLinks        AccessKind = "pending links"
	AccessPasskeys     AccessKind = "passkeys"
	AccessIdentities   AccessKind = "identities"
)

// AccessKinds returns all of them, in the order of docs/threats.md.
func AccessKinds() []AccessKind {
	return []AccessKind{AccessSignins, AccessOwnApps, AccessApplications, AccessCodes, AccessDeviceCodes, AccessKeys, AccessConsents, AccessInvitations, AccessLinks, AccessPasskeys, AccessIdentities}
}

// Effect is what an event does to a kind of access.
type Effect string

// The effects. Asked: the person decides on the next page what is kept.
const (
	Ends  Effect = "ends"
	Stays Effect = "stays"
	Asked Effect = "asked"
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
	EndingPassword    = Ending{"new password", authserver.EndPasswordChanged, []AccessKind{AccessSignins, AccessOwnApps, AccessApplications, AccessCodes, AccessLinks}, []AccessKind{AccessKeys, AccessConsents, AccessPasskeys, AccessIdentities}}
	EndingReset       = Ending{"password reset", authserver.EndPasswordChanged, []AccessKind{AccessSignins, AccessOwnApps, AccessApplications, AccessCodes, AccessKeys, AccessConsents, AccessInvitations, AccessLinks}, []AccessKind{AccessPasskeys, AccessIdentities}}
	EndingSignOut     = Ending{"sign out everywhere else", authserver.EndDeviceRevoked, []AccessKind{AccessSignins, AccessOwnApps, AccessCodes}, nil}
	EndingFactorOn    = Ending{"second factor turned on", authserver.EndSignedOut, []AccessKind{AccessSignins, AccessOwnApps, AccessCodes}, nil}
	EndingFactorOff   = Ending{"second factor turned off", "", nil, nil}
	EndingEmail       = Ending{"address changed", "", []AccessKind{AccessLinks}, nil}
	EndingConsent     = Ending{"consent taken back", authserver.EndRevoked, []AccessKind{AccessApplications, AccessCodes, AccessConsents}, nil}
	EndingKey         = Ending{"key revoked", authserver.KeyRevoked, []AccessKind{AccessKeys}, nil}
	EndingClient      = Ending{"client deleted", authserver.EndClientDeleted, []AccessKind{AccessApplications, AccessCodes, AccessConsents}, nil}
	EndingDemoted     = Ending{"demoted", "", []AccessKind{AccessInvitations}, nil}
	EndingRemoved     = Ending{"removed from the family", authserver.EndRemoved, []AccessKind{AccessSignins, AccessOwnApps, AccessApplications, AccessCodes, AccessKeys, AccessConsents, AccessInvitations, AccessLinks}, nil}
	EndingDeactivated = Ending{"deactivated", authserver.EndDeactivated, []AccessKind{AccessSignins, AccessOwnApps, AccessApplications, AccessCodes, AccessKeys, AccessConsents, AccessInvitations, AccessLinks}, nil}
	EndingDeleted     = Ending{"deleted", authserver.EndDeactivated, []AccessKind{AccessSignins, AccessOwnApps, AccessApplications, AccessCodes, AccessKeys, AccessConsents, AccessInvitations, AccessLinks}, nil}
)

// Endings returns all of them, in the order of docs/threats.md.
func Endings() []Ending {
	return []Ending{
		EndingPassword, EndingReset, EndingSignOut, EndingFactorOn, EndingFactorOff, EndingEmail, EndingConsent, EndingKey,
		EndingClient, EndingDemoted, EndingRemoved, EndingDeactivated, EndingDeleted,
	}
}

// EffectOn returns what the event does to a kind of access. A device code that somebody has allowed
// is a code in flight.
func (e *Ending) EffectOn(kind AccessKind) Effect {
	if kind == AccessDeviceCodes {
		kind = AccessCodes
	}
	switch {
	case slices.Contains(e.ends, kind):
		return Ends
	case slices.Contains(e.asks, kind):
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
		of   AccessKind
		take func() error
	}{
		{AccessSignins, func() error { return s.deps.Store.ForgetAnnouncements(ctx, userID) }},
		{AccessSignins, func() error { return s.deps.Store.EndSignins(ctx, userID, except, now) }},
		{AccessSignins, func() error { return s.deps.Store.DeletePendingSignins(ctx, userID, now) }},
		{AccessOwnApps, func() error { return s.deps.Store.EndDevices(ctx, userID, now) }},
		{AccessLinks, func() error { return s.deps.Store.VoidLinks(ctx, userID, now) }},
		{AccessInvitations, func() error { return s.deps.Store.RevokeInvitationsBy(ctx, userID, now) }},
		{AccessInvitations, func() error { return s.deps.Store.VoidLinksBy(ctx, userID, now) }},
		{AccessKeys, func() error { return s.revokeKeys(ctx, userID, e.reason) }},
		{AccessConsents, func() error { return s.deps.Store.DeleteConsents(ctx, userID) }},
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
	if slices.Contains(e.ends, AccessApplications) {
		return s.deps.Grants.End(ctx, authserver.GrantFilter{UserID: userID}, e.reason)
	}
	if slices.Contains(e.ends, AccessCodes) {
		f := authserver.GrantFilter{UserID: userID, ExceptSigninID: except, PendingOnly: true}
		if err := s.deps.Grants.End(ctx, f, authserver.EndSignedOut); err != nil {
			return err
		}
	}
	if !slices.Contains(e.ends, AccessOwnApps) {
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
