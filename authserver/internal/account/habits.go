package account

import (
	"context"

	"latchkey/authserver"
)

// Keep stores how a person likes pages to be. speaks reports whether there are texts
// in a language. fault.Invalid: what cannot be kept.
func (s *Service) Keep(ctx context.Context, u *authserver.User, h authserver.Habits, speaks func(language string) bool) error {
	if broken := h.Violations(speaks); len(broken) > 0 {
		return invalid(broken)
	}
	return s.deps.Store.SetHabits(ctx, u.ID, h)
}

// CheckHabits refuses what Keep would.
func CheckHabits(h authserver.Habits, speaks func(language string) bool) error {
	if broken := h.Violations(speaks); len(broken) > 0 {
		return invalid(broken)
	}
	return nil
}
