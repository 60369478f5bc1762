package guard

import (
	"net/http"
	"strings"
	"sync/atomic"

	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

// Shared is a secret that two services of one operator share. Its methods are safe for
// concurrent use.
type Shared struct{ known atomic.Pointer[sharedSecrets] }

// sharedSecrets are those that are accepted: before is zero where there is none.
type sharedSecrets struct{ current, before secret.Digest }

// NewShared returns the secret text.
func NewShared(text string) *Shared {
	s := &Shared{}
	s.known.Store(&sharedSecrets{current: secret.DigestOf(text)})
	return s
}

// Renew makes text the secret. The one before is accepted until Renew is called again,
// for the other service learns of a new one later.
func (s *Shared) Renew(text string) {
	next := &sharedSecrets{current: secret.DigestOf(text)}
	if was := s.known.Load().current; !was.Equal(next.current) {
		next.before = was
	}
	s.known.Store(next)
}

func (s *Shared) accepts(text string) bool {
	known, brought := s.known.Load(), secret.DigestOf(text)
	return brought.Equal(known.current) || !known.before.IsZero() && brought.Equal(known.before)
}

// Admit lets a request through to h if it brings the secret as a Bearer token. All
// others are fault.Unauthenticated with message.
func (s *Shared) Admit(message string, h httpserver.Handler) httpserver.Handler {
	refusal := ruleShared.refuse(message)
	return func(w http.ResponseWriter, r *http.Request) error {
		scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || !s.accepts(strings.TrimSpace(text)) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="internal"`)
			noteRefusal(r.Context(), refusal)
			return refusal
		}
		httpserver.ExtractTrace(r)
		return h(w, r)
	}
}
