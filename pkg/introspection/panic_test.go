package introspection_test

import (
	"testing"

	"latchkey/pkg/fault"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
)

// A lookup is nobody's request: what panics in it must not end the process.
func TestALookupThatPanics(t *testing.T) {
	t.Parallel()
	broken, token, c := true, secret.New(secret.AccessToken), newClock()
	i := newCached(t, asker(func(secret.Token) introspection.Answer {
		if broken {
			panic("a defect")
		}
		return active
	}), nil, c.now)
	if _, err := i.Introspect(t.Context(), token); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	broken = false
	if !isActive(t, i, token) {
		t.Error("the next lookup does not answer")
	}
}
