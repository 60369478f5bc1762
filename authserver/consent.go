package authserver

import (
	"time"

	"latchkey/pkg/scope"
)

// Consent is what a user allowed a client, remembered.
type Consent struct {
	UserID    string
	ClientID  string
	Scopes    scope.Set
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Covers reports whether nothing in requested is new.
func (c *Consent) Covers(requested scope.Set) bool {
	return c != nil && c.Scopes.Satisfies(requested)
}

// Missing returns what requested asks beyond the consent.
func (c *Consent) Missing(requested scope.Set) scope.Set {
	if c == nil {
		return requested
	}
	var missing scope.Set
	for _, one := range []scope.Set{scope.Read, scope.ReadWrite} {
		if requested&one != 0 && !c.Scopes.Satisfies(one) {
			missing |= one
		}
	}
	return missing
}
