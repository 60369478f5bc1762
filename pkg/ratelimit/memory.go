package ratelimit

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

const (
	shards         = 16
	defaultMaxKeys = 100_000
	sample         = 8
	// stampLife is how long a last-used stamp can be read back.
	stampLife = 2 * time.Hour
)

// Memory is a Limiter in this process, bounded: when it is full, the stalest of
// a few keys looked at is forgotten.
type Memory struct {
	now      func() time.Time
	metrics  *metrics
	seed     maphash.Seed
	perShard int
	shard    [shards]shard
}

type shard struct {
	mu      sync.Mutex
	records map[string]*record
}

func newMemory(opts Options, m *metrics) *Memory {
	limit := opts.MaxKeys
	if limit <= 0 {
		limit = defaultMaxKeys
	}
	mem := &Memory{now: opts.Now, metrics: m, seed: maphash.MakeSeed(), perShard: max(1, limit/shards)}
	for i := range mem.shard {
		mem.shard[i].records = map[string]*record{}
	}
	return mem
}

// Allow implements Limiter; it never fails.
func (m *Memory) Allow(_ context.Context, counts ...Count) ([]Result, error) {
	results := make([]Result, len(counts))
	for i, c := range counts {
		results[i] = m.step(c.Key, c.Limit, "", c.Limit.Window)
	}
	return results, nil
}

// Use implements Limiter; it never fails.
func (m *Memory) Use(_ context.Context, key string, l Limit, from string) (Result, error) {
	return m.step(key, l, from, max(l.Window, stampLife)), nil
}

func (m *Memory) step(key string, l Limit, from string, keep time.Duration) Result {
	s, now := m.of(key), m.now().UnixMilli()
	s.mu.Lock()
	r := s.get(key, now, m.perShard)
	r.expire(now, l.Window.Milliseconds())
	allowed := r.room(l)
	if allowed {
		r.count(now, l, from, keep)
	}
	res := r.result(now, l, allowed)
	s.mu.Unlock()
	m.metrics.count(res)
	return res
}

// Peek implements Limiter; it never fails.
func (m *Memory) Peek(_ context.Context, counts ...Count) ([]Result, error) {
	results := make([]Result, len(counts))
	for i, c := range counts {
		results[i] = m.peek(c.Key, c.Limit)
	}
	return results, nil
}

func (m *Memory) peek(key string, l Limit) Result {
	s, now := m.of(key), m.now().UnixMilli()
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[key]
	if !ok || r.until <= now {
		return result(l, true, 0, 0, 0)
	}
	r.expire(now, l.Window.Milliseconds())
	res := r.result(now, l, r.room(l))
	if r.used > 0 {
		res.LastUsed, res.LastFrom = time.UnixMilli(r.used).UTC(), r.from
	}
	return res
}

// Forget implements Limiter; it never fails.
func (m *Memory) Forget(_ context.Context, key string) error {
	s := m.of(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, key)
	return nil
}

// learn notes what Redis said of a key, as one burst, so that a limit goes on
// from there should Redis go away.
func (m *Memory) learn(key string, l Limit, used int64) {
	if l.Unlimited() {
		return
	}
	s, now := m.of(key), m.now().UnixMilli()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.get(key, now, m.perShard)
	if now-r.opened < l.grain().Milliseconds() { // answers of parallel requests arrive in any order
		used = max(used, r.total)
	} else {
		r.opened = now
	}
	r.total, r.fresh, r.used, r.older = used, used, now, r.older[:0]
	r.until = now + l.Window.Milliseconds()
}

func (m *Memory) of(key string) *shard { return &m.shard[maphash.String(m.seed, key)%shards] }

func (s *shard) get(key string, now int64, limit int) *record {
	r, ok := s.records[key]
	if ok && (r.until == 0 || now < r.until) {
		return r
	}
	if !ok && len(s.records) >= limit {
		s.makeRoom(now)
	}
	r = &record{}
	s.records[key] = r
	return r
}

// makeRoom relies on Go's random map order for its sample.
func (s *shard) makeRoom(now int64) {
	victim, stalest, seen := "", int64(0), 0
	for key, r := range s.records {
		if r.until <= now {
			delete(s.records, key)
			return
		}
		if seen == 0 || r.used < stalest {
			victim, stalest = key, r.used
		}
		if seen++; seen == sample {
			break
		}
	}
	delete(s.records, victim)
}
