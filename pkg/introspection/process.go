package introspection

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"latchkey/pkg/secret"
)

const (
	defaultSize  = 50_000
	negativeSize = 10_000 // apart, so that guessing cannot push good answers out
	generations  = 256
)

// process is the layer in this process: decoded answers, each valid until Life
// after its lookup began. A drop that happens while a lookup is under way wins
// over its answer.
type process struct {
	active   *otter.Cache[secret.Digest, *remembered] // nil: nothing is remembered
	inactive *otter.Cache[secret.Digest, *remembered]
	// generation counts the drops of the digests that start with a byte.
	generation [generations]atomic.Uint64
}

type remembered struct {
	answer Answer
	until  time.Time
}

func newProcess(size int) (*process, error) {
	if size < 0 {
		return &process{}, nil
	}
	if size == 0 {
		size = defaultSize
	}
	var (
		p   process
		err error
	)
	if p.active, err = newLayer(size); err != nil {
		return nil, err
	}
	if p.inactive, err = newLayer(negativeSize); err != nil {
		return nil, err
	}
	return &p, nil
}

// newLayer lets otter forget entries a while after they have ended; until
// decides when that is.
func newLayer(size int) (*otter.Cache[secret.Digest, *remembered], error) {
	c, err := otter.New(&otter.Options[secret.Digest, *remembered]{
		MaximumSize:      size,
		ExpiryCalculator: otter.ExpiryWriting[secret.Digest, *remembered](2 * Life),
	})
	if err != nil {
		return nil, fmt.Errorf("introspection: cache: %w", err)
	}
	return c, nil
}

func (p *process) get(digest secret.Digest, now time.Time) (*remembered, bool) {
	if p.active == nil {
		return nil, false
	}
	r, ok := p.active.GetIfPresent(digest)
	if !ok {
		r, ok = p.inactive.GetIfPresent(digest)
	}
	if !ok || !now.Before(r.until) {
		return nil, false
	}
	return r, true
}

// mark is taken before a lookup begins and handed to put.
func (p *process) mark(digest secret.Digest) uint64 { return p.generation[digest[0]].Load() }

func (p *process) put(digest secret.Digest, a Answer, began time.Time, mark uint64) {
	if p.active == nil || p.mark(digest) != mark {
		return
	}
	r := &remembered{answer: a, until: began.Add(Life)}
	if !a.Active {
		p.inactive.Set(digest, r)
		p.active.Invalidate(digest)
		return
	}
	p.active.Set(digest, r)
	// Looking again after the write closes the gap: a drop counts first and
	// deletes second, so one of the two sees the other.
	if p.mark(digest) != mark {
		p.active.Invalidate(digest)
	}
}

// dropMessage forgets the digests of a published revocation.
func (p *process) dropMessage(message []byte) {
	if p.active == nil {
		return
	}
	for len(message) >= len(secret.Digest{}) {
		digest := secret.Digest(message)
		p.generation[digest[0]].Add(1)
		p.active.Invalidate(digest)
		message = message[len(digest):]
	}
}

func (p *process) dropAll() {
	if p.active == nil {
		return
	}
	for i := range p.generation {
		p.generation[i].Add(1)
	}
	p.active.InvalidateAll()
}

func (p *process) close() {
	if p.active != nil {
		p.active.StopAllGoroutines()
		p.inactive.StopAllGoroutines()
	}
}
