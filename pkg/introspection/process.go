package introspection

import (
	"sync"
	"time"

	"latchkey/pkg/secret"
)

const (
	defaultSize  = 50_000
	negativeSize = 10_000 // apart, so that guessing cannot push good answers out
	shards       = 64
)

// process is the layer in this process: decoded answers, and the lookups under
// way.
type process struct {
	life   time.Duration
	off    bool // nothing is remembered
	shards [shards]shard
}

// shard holds the digests of some first bytes.
type shard struct {
	mu               sync.RWMutex
	active, inactive layer
	lookups          map[secret.Digest]*lookup // the newest of each
}

// remembered is an answer and when it ends: it is good for requests that arrive
// before.
type remembered struct {
	answer Answer // its From: where it came from at first
	until  time.Time
}

// lookup is one question about a credential, which requests wait for together.
type lookup struct {
	began  time.Time
	done   chan struct{} // closed once result and err are written
	result *remembered
	err    error
}

func newProcess(size int, life time.Duration) *process {
	if size == 0 {
		size = defaultSize
	}
	p := &process{life: life, off: size < 0}
	for i := range p.shards {
		p.shards[i].active.half = max(1, size/shards/2)
		p.shards[i].inactive.half = negativeSize / shards / 2
		p.shards[i].lookups = map[secret.Digest]*lookup{}
	}
	return p
}

func (p *process) shard(digest secret.Digest) *shard { return &p.shards[digest[0]%shards] }

// get returns the answer for a request that arrived at arrived, or nil.
func (p *process) get(digest secret.Digest, arrived time.Time) *remembered {
	s := p.shard(digest)
	s.mu.RLock()
	r := s.find(digest)
	s.mu.RUnlock()
	if r == nil || !arrived.Before(r.until) {
		return nil
	}
	return r
}

func (s *shard) find(digest secret.Digest) *remembered {
	if r := s.active.get(digest); r != nil {
		return r
	}
	return s.inactive.get(digest)
}

// join returns the lookup that serves a request which arrived at arrived: one
// under way, unless it began a life before the request, or else a new one, which
// is then the caller's to carry out.
func (p *process) join(digest secret.Digest, arrived, now time.Time) (l *lookup, ours bool) {
	s := p.shard(digest)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.find(digest); r != nil && arrived.Before(r.until) { // another lookup has just finished
		l = &lookup{done: make(chan struct{}), result: r}
		close(l.done)
		return l, false
	}
	if l := s.lookups[digest]; l != nil && arrived.Sub(l.began) < p.life {
		return l, false
	}
	l = &lookup{began: now, done: make(chan struct{})}
	s.lookups[digest] = l
	return l, true
}

// finish gives those who wait for l its result, and remembers it if l is still the
// newest lookup: nothing was published about the credential since it began.
func (p *process) finish(digest secret.Digest, l *lookup, r *remembered, err error) (newest bool) {
	s := p.shard(digest)
	s.mu.Lock()
	if newest = s.lookups[digest] == l; newest {
		delete(s.lookups, digest)
		if err == nil && !p.off {
			s.remember(digest, r, l.began, p.life)
		}
	}
	s.mu.Unlock()
	l.result, l.err = r, err
	close(l.done)
	return newest
}

func (s *shard) remember(digest secret.Digest, r *remembered, now time.Time, life time.Duration) {
	if r.answer.Active {
		s.active.put(digest, r, now, life)
		return
	}
	s.active.drop(digest)
	s.inactive.put(digest, r, now, life)
}

// dropMessage forgets the digests of a message. Lookups that have begun still
// serve those who wait for them, and nobody else.
func (p *process) dropMessage(message []byte) {
	for len(message) >= len(secret.Digest{}) {
		digest := secret.Digest(message)
		s := p.shard(digest)
		s.mu.Lock()
		s.active.drop(digest)
		s.inactive.drop(digest)
		delete(s.lookups, digest)
		s.mu.Unlock()
		message = message[len(digest):]
	}
}

// layer keeps answers in two halves. When the young one is full, or began a life
// ago, it replaces the old one, which is dropped whole. So no entry has to be
// searched for to be removed, and none is kept for long after its end.
type layer struct {
	half       int // answers in one of them, at most
	young, old map[secret.Digest]*remembered
	turn       time.Time // when the young one becomes the old
}

func (l *layer) get(digest secret.Digest) *remembered {
	if r, ok := l.young[digest]; ok {
		return r
	}
	return l.old[digest]
}

func (l *layer) put(digest secret.Digest, r *remembered, now time.Time, life time.Duration) {
	if len(l.young) >= l.half || !now.Before(l.turn) {
		l.young, l.old, l.turn = map[secret.Digest]*remembered{}, l.young, now.Add(life)
	}
	l.young[digest] = r
}

func (l *layer) drop(digest secret.Digest) {
	delete(l.young, digest)
	delete(l.old, digest)
}
