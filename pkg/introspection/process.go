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

// process is the layer in this process: decoded answers, each valid until Life
// after its lookup began. A drop that happens while a lookup is under way wins
// over its answer.
type process struct {
	off    bool // nothing is remembered
	shards [shards]shard
}

// shard holds the digests of some first bytes.
type shard struct {
	mu               sync.RWMutex
	drops            uint64
	active, inactive layer
}

type remembered struct {
	answer Answer
	until  time.Time
}

func newProcess(size int) *process {
	if size == 0 {
		size = defaultSize
	}
	p := &process{off: size < 0}
	for i := range p.shards {
		p.shards[i].active.half = max(1, size/shards/2)
		p.shards[i].inactive.half = negativeSize / shards / 2
	}
	return p
}

func (p *process) shard(digest secret.Digest) *shard { return &p.shards[digest[0]%shards] }

func (p *process) get(digest secret.Digest, now time.Time) (*remembered, bool) {
	if p.off {
		return nil, false
	}
	s := p.shard(digest)
	s.mu.RLock()
	r := s.active.get(digest)
	if r == nil {
		r = s.inactive.get(digest)
	}
	s.mu.RUnlock()
	if r == nil || !now.Before(r.until) {
		return nil, false
	}
	return r, true
}

// mark is taken before a lookup begins and handed to put.
func (p *process) mark(digest secret.Digest) uint64 {
	s := p.shard(digest)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.drops
}

func (p *process) put(digest secret.Digest, a Answer, began time.Time, mark uint64) {
	if p.off {
		return
	}
	r, s := &remembered{answer: a, until: began.Add(Life)}, p.shard(digest)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drops != mark {
		return
	}
	if !a.Active {
		s.active.drop(digest)
		s.inactive.put(digest, r)
		return
	}
	s.active.put(digest, r)
}

// dropMessage forgets the digests of a published revocation.
func (p *process) dropMessage(message []byte) {
	for len(message) >= len(secret.Digest{}) {
		digest := secret.Digest(message)
		s := p.shard(digest)
		s.mu.Lock()
		s.drops++
		s.active.drop(digest)
		s.mu.Unlock()
		message = message[len(digest):]
	}
}

func (p *process) dropAll() {
	for i := range p.shards {
		s := &p.shards[i]
		s.mu.Lock()
		s.drops++
		s.active.clear()
		s.inactive.clear()
		s.mu.Unlock()
	}
}

// layer keeps answers in two halves. When the young one is full, or began Life
// ago, it takes the place of the old one, whose answers are over by then: nothing
// has to be looked for to be forgotten, and no answer outlives its use by much.
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

func (l *layer) put(digest secret.Digest, r *remembered) {
	if len(l.young) >= l.half || !r.until.Before(l.turn) {
		l.young, l.old, l.turn = map[secret.Digest]*remembered{}, l.young, r.until.Add(Life)
	}
	l.young[digest] = r
}

func (l *layer) drop(digest secret.Digest) {
	delete(l.young, digest)
	delete(l.old, digest)
}

func (l *layer) clear() { l.young, l.old, l.turn = nil, nil, time.Time{} }
