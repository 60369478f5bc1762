package oauth

import (
	"context"
	"sync"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

// maxCachedClients bounds the cache; when it is full it starts anew.
const maxCachedClients = 10_000

// ClientCache remembers clients for a short while, so that a token request costs
// no statement for its client. A deleted or disabled client's tokens end at once
// all the same: its grants end in the transaction that changes it.
type ClientCache struct {
	store Clients
	life  time.Duration
	now   func() time.Time

	mu      sync.RWMutex
	entries map[string]cachedClient
}

type cachedClient struct {
	client *authserver.Client
	until  time.Time
}

// NewClientCache returns an empty cache that remembers a client for life.
func NewClientCache(store Clients, life time.Duration, now func() time.Time) *ClientCache {
	return &ClientCache{store: store, life: life, now: now, entries: map[string]cachedClient{}}
}

// Find returns the client as it was at most a life ago. fault.NotFound: it is
// unknown or disabled.
func (c *ClientCache) Find(ctx context.Context, id string) (*authserver.Client, error) {
	now := c.now()
	c.mu.RLock()
	hit, ok := c.entries[id]
	c.mu.RUnlock()
	if ok && now.Before(hit.until) {
		return hit.client, nil
	}
	return c.reload(ctx, id)
}

// reload reads the client from the store, for when the remembered one led to a
// refusal or to a row that is gone. Errors: as Find.
func (c *ClientCache) reload(ctx context.Context, id string) (*authserver.Client, error) {
	found, err := c.read(ctx, id)
	if err == nil && found.Disabled() {
		return nil, fault.New(fault.NotFound, "Client not found")
	}
	return found, err
}

// read is reload, of a disabled client too, which is not remembered.
func (c *ClientCache) read(ctx context.Context, id string) (*authserver.Client, error) {
	found, err := c.store.FindClient(ctx, id)
	c.mu.Lock()
	defer c.mu.Unlock()
	if fault.Is(err, fault.NotFound) || err == nil && found.Disabled() {
		delete(c.entries, id)
		return found, err
	}
	if err != nil {
		return nil, err
	}
	if len(c.entries) >= maxCachedClients {
		clear(c.entries)
	}
	c.entries[id] = cachedClient{client: found, until: c.now().Add(c.life)}
	return found, nil
}

// withDecisions adds to a client as its document describes it what operators have decided
// about it. fault.NotFound: they have disabled it.
func (c *ClientCache) withDecisions(ctx context.Context, described *authserver.Client) (*authserver.Client, error) {
	c.mu.RLock()
	hit, ok := c.entries[described.ID]
	c.mu.RUnlock()
	kept, err := hit.client, error(nil)
	if !ok || !c.now().Before(hit.until) {
		kept, err = c.read(ctx, described.ID)
	}
	switch {
	case fault.Is(err, fault.NotFound): // nobody has allowed it anything yet
		return described, nil
	case err != nil:
		return nil, err
	case kept.Disabled():
		return nil, fault.New(fault.NotFound, "Client not found")
	}
	decided := *described
	decided.VerifiedTerms, decided.Logo, decided.VerifiedLogo = kept.VerifiedTerms, kept.Logo, kept.VerifiedLogo
	return &decided, nil
}

// Forget makes every client be read anew.
func (c *ClientCache) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}
