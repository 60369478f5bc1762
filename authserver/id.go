package authserver

import "github.com/google/uuid"

// ValidID reports whether text is an id as our tables have them: a UUID in its form
// of 36 characters. PostgreSQL refuses a statement with anything else.
func ValidID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }
