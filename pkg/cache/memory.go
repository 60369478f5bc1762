package cache

import (
	"bytes"
	"context"
	"hash/maphash"
	"sync"
	"time"
)

const (
	shards            = 16
	defaultMaxEntries = 100_000
	evictionSample    = 8
)

// Memory is a Store in this process. It is bounded: when it is full, of a few
// entries looked at, the one that would expire first makes room.
type Memory struct {
	now      func() time.Time
	seed     maphash.Seed
	perShard int
	shard    [shards]shard

	mu        sync.RWMutex
	listeners map[string]map[*listener]struct{}
}

type shard struct {
	mu      sync.Mutex
	entries map[string]memoryEntry
}

type memoryEntry struct {
	value   []byte
	expires time.Time
}

type listener struct {
	mu        sync.Mutex // callbacks run one at a time
	onMessage func([]byte)
}

// NewMemory returns an empty store. opts.Now is required.
func NewMemory(opts Options) *Memory {
	limit := opts.MaxEntries
	if limit <= 0 {
		limit = defaultMaxEntries
	}
	m := &Memory{
		now: opts.Now, seed: maphash.MakeSeed(), perShard: max(1, limit/shards),
		listeners: map[string]map[*listener]struct{}{},
	}
	for i := range m.shard {
		m.shard[i].entries = map[string]memoryEntry{}
	}
	return m
}

func (m *Memory) of(key string) *shard {
	return &m.shard[maphash.String(m.seed, key)%shards]
}

// live returns the entry under key, forgetting it when its time is over.
func (s *shard) live(key string, now time.Time) (memoryEntry, bool) {
	e, ok := s.entries[key]
	if ok && !now.Before(e.expires) {
		delete(s.entries, key)
		return memoryEntry{}, false
	}
	return e, ok
}

func (s *shard) put(key string, e memoryEntry, now time.Time, limit int) {
	if _, there := s.entries[key]; !there && len(s.entries) >= limit {
		s.makeRoom(now)
	}
	s.entries[key] = e
}

// makeRoom relies on Go's random map order for its sample.
func (s *shard) makeRoom(now time.Time) {
	var (
		victim string
		first  time.Time
		seen   int
	)
	for key, e := range s.entries {
		if !now.Before(e.expires) {
			delete(s.entries, key)
			return
		}
		if seen == 0 || e.expires.Before(first) {
			victim, first = key, e.expires
		}
		if seen++; seen == evictionSample {
			break
		}
	}
	delete(s.entries, victim)
}

// Get implements Store.
func (m *Memory) Get(ctx context.Context, key string) ([]byte, time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	s, now := m.of(key), m.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.live(key, now)
	if !ok {
		return nil, 0, nil
	}
	return bytes.Clone(e.value), e.expires.Sub(now), nil
}

// Set implements Store.
func (m *Memory) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, now := m.of(key), m.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, memoryEntry{bytes.Clone(value), now.Add(atLeast(ttl))}, now, m.perShard)
	return nil
}

// DeleteAndPublish implements Store: it returns when every listener has been told.
func (m *Memory) DeleteAndPublish(ctx context.Context, keys []string, channel string, message []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, key := range keys {
		s := m.of(key)
		s.mu.Lock()
		delete(s.entries, key)
		s.mu.Unlock()
	}
	m.mu.RLock()
	told := make([]*listener, 0, len(m.listeners[channel]))
	for l := range m.listeners[channel] {
		told = append(told, l)
	}
	m.mu.RUnlock()
	for _, l := range told {
		l.mu.Lock()
		l.onMessage(bytes.Clone(message))
		l.mu.Unlock()
	}
	return nil
}

// Subscribe implements Store.
func (m *Memory) Subscribe(ctx context.Context, channel string, onMessage func([]byte)) error {
	l := &listener{onMessage: onMessage}
	m.mu.Lock()
	if m.listeners[channel] == nil {
		m.listeners[channel] = map[*listener]struct{}{}
	}
	m.listeners[channel][l] = struct{}{}
	m.mu.Unlock()
	<-ctx.Done()
	m.mu.Lock()
	delete(m.listeners[channel], l)
	m.mu.Unlock()
	return ctx.Err()
}

// Ping implements Store.
func (m *Memory) Ping(ctx context.Context) error { return ctx.Err() }

// Close implements Store.
func (m *Memory) Close() error { return nil }

// atLeast keeps a rounding caller from writing a value that is already over.
func atLeast(ttl time.Duration) time.Duration { return max(ttl, time.Millisecond) }
