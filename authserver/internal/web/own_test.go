package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/consent"
	"latchkey/authserver/internal/passkey"
	"latchkey/authserver/internal/refusal"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/usage"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/testenv"
)

// mailbox keeps the emails that were sent.
type mailbox struct {
	mu   sync.Mutex
	sent []authserver.EmailMessage
}

func (m *mailbox) Send(_ context.Context, l authserver.EmailMessage) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, l)
	return nil
}

// to returns the emails of a kind to an address.
func (m *mailbox) to(kind, address string) []authserver.EmailMessage {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []authserver.EmailMessage
	for _, l := range m.sent {
		if l.Kind == kind && l.To == address {
			found = append(found, l)
		}
	}
	return found
}

// email waits for an email and returns the last of its kind.
func (s *site) email(t *testing.T, kind, address string) authserver.EmailMessage {
	t.Helper()
	testenv.Eventually(t, 30*time.Second, kind+" email", func() bool { return len(s.mail.to(kind, address)) > 0 })
	found := s.mail.to(kind, address)
	return found[len(found)-1]
}

func (s *site) dependencies(t *testing.T, passkeys *passkey.Service, logger *slog.Logger, router http.Handler) web.Dependencies {
	t.Helper()
	recovery := &account.Recovery{People: s.People, Links: s.Store, Mail: s.mail}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		recovery.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return web.Dependencies{
		Refusals: &refusal.Recorder{Store: s.Store, Logger: logger, Now: s.clock.now}, Endpoints: router,
		Usage:  &usage.Service{Store: s.Store, Now: s.clock.now},
		People: s.People, Passkeys: passkeys, Recovery: recovery, Issuer: s.URL, Events: s.events, Kept: 365 * 24 * time.Hour, Logger: logger, Now: s.clock.now,
		Client:   s.Store.FindClient,
		Consents: &consent.Service{Store: s.Store, Grants: s.Grants, Events: s.events, Now: s.clock.now},
		Clients:  &registration.Service{Store: s.Store, Grants: s.Grants, Events: s.events, Now: s.clock.now},
	}
}
