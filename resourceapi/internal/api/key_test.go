package api_test

import (
	"github.com/google/uuid"

	"latchkey/pkg/introspection"
)

// key returns an API key of a fresh family.
func (s *service) key(scope string) *caller {
	return s.admit(introspection.Answer{
		Active: true, Scope: scope, FamilyID: uuid.NewString(), UserID: uuid.NewString(), Role: "member",
		CredentialID: uuid.NewString(), CredentialKind: introspection.KindAPIKey, CredentialName: "Laptop", Source: "web", Tier: "standard",
	})
}
