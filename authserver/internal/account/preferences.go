package account

import (
	"context"

	"latchkey/authserver"
)

// SavePreferences stores how a person likes pages to be. speaks reports whether there are texts
// in a language. fault.Invalid: what cannot be kept.
func (s *Service) SavePreferences(ctx context.Context, u *authserver.User, p authserver.Preferences, speaks func(language string) bool) error {
	if broken := p.Violations(speaks); len(broken) > 0 {
		return invalid(broken)
	}
	return s.deps.Store.SetPreferences(ctx, u.ID, p)
}

// CheckPreferences refuses what SavePreferences would.
func CheckPreferences(p authserver.Preferences, speaks func(language string) bool) error {
	if broken := p.Violations(speaks); len(broken) > 0 {
		return invalid(broken)
	}
	return nil
}
