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

// clientCache remembers clients for a short while, so that a token request costs
// no statement for its client. What ends a client's tokens is the database, not
// this cache: a deleted or disabled client's tokens are dead at once.
type clientCache struct {
	store Store
	life  time.Duration
	now   func() time.Time

	mu      sync.RWMutex
	entries map[string]cachedClient
}

type cachedClient struct {
	client *authserver.Client
	until  time.Time
}

func newClientCache(store Store, life time.Duration, now func() time.Time) *clientCache {
	return &clientCache{store: store, life: life, now: now, entries: map[string]cachedClient{}}
}

// find returns the client, or fault.NotFound when it is unknown or disabled.
func (c *clientCache) find(ctx context.Context, id string) (*authserver.Client, error) {
	now := c.now()
	c.mu.RLock()
	hit, ok := c.entries[id]
	c.mu.RUnlock()
	if ok && now.Before(hit.until) {
		return hit.client, nil
	}
	return c.reload(ctx, id)
}

// Client returns a client as the endpoints know it: it may be some moments old.
// fault.NotFound: it is unknown or disabled.
func (s *Server) Client(ctx context.Context, id string) (*authserver.Client, error) {
	return s.clients.find(ctx, id)
}

// reload is find past what is remembered: for when that led to a refusal or to a
// row that is gone.
func (c *clientCache) reload(ctx context.Context, id string) (*authserver.Client, error) {
	found, err := c.store.FindClient(ctx, id)
	if err == nil && found.Disabled() {
		err = fault.New(fault.NotFound, "Client not found")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			delete(c.entries, id)
		}
		return nil, err
	}
	if len(c.entries) >= maxCachedClients {
		clear(c.entries)
	}
	c.entries[id] = cachedClient{client: found, until: c.now().Add(c.life)}
	return found, nil
}
