package web_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/consent"
	"latchkey/authserver/internal/passkey"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/testenv"
)

// mailbox keeps the letters that were sent.
type mailbox struct {
	mu      sync.Mutex
	letters []authserver.Letter
}

func (m *mailbox) Send(_ context.Context, l authserver.Letter) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters = append(m.letters, l)
	return nil
}

// to returns the letters of a kind to an address.
func (m *mailbox) to(kind, address string) []authserver.Letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []authserver.Letter
	for _, l := range m.letters {
		if l.Kind == kind && l.To == address {
			found = append(found, l)
		}
	}
	return found
}

// letter waits for a letter and returns the last of its kind.
func (s *site) letter(t *testing.T, kind, address string) authserver.Letter {
	t.Helper()
	testenv.Eventually(t, 5*time.Second, kind+" letter", func() bool { return len(s.mail.to(kind, address)) > 0 })
	found := s.mail.to(kind, address)
	return found[len(found)-1]
}

func (s *site) dependencies(t *testing.T, passkeys *passkey.Service, logger *slog.Logger) web.Dependencies {
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
		People: s.People, Passkeys: passkeys, Recovery: recovery, Issuer: s.URL, Logger: logger, Now: s.clock.now,
		Client:   s.Store.FindClient,
		Consents: &consent.Service{Store: s.Store, Grants: s.Grants, Logger: logger, Now: s.clock.now},
		Clients:  &registration.Service{Store: s.Store, Grants: s.Grants, Logger: logger, Now: s.clock.now},
	}
}
