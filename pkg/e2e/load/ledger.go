package load

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Ledger knows what services acknowledged, and what became of it.
type Ledger struct {
	replicas []string // of resourceapi, past the origin
	watcher  *connection
	numbers  atomic.Int64
	watching sync.WaitGroup

	mu       sync.Mutex
	names    []string // of transactions that were acknowledged
	revoke   []*revocation
	lost     []string
	accepted time.Duration // the longest time after its revocation that something was let in
	refusals []time.Duration
}

// revocation is a token that is refused from at on, a life later at the latest.
type revocation struct {
	token string
	at    time.Time
}

func newLedger(d *Deployment, timeout time.Duration) *Ledger {
	l := &Ledger{watcher: &connection{&http.Client{
		Timeout: timeout, Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
	}}}
	for _, api := range d.APIs {
		l.replicas = append(l.replicas, api.URL)
	}
	return l
}

// name is one that no transaction has.
func (l *Ledger) name() string { return "load " + strconv.FormatInt(l.numbers.Add(1), 10) }

func (l *Ledger) written(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names = append(l.names, name)
}

func (l *Ledger) lose(what, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = append(l.lost, fmt.Sprintf("%s at %s: %.300s", what, time.Now().UTC().Format(time.TimeOnly), why))
}

func (l *Ledger) compare(there map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range l.names {
		if !there[name] {
			l.lost = append(l.lost, "the transaction "+name)
		}
	}
}

// ask tries a token at a replica.
func (l *Ledger) ask(ctx context.Context, replica, token string) (status int) {
	return l.watcher.do(ctx, http.MethodGet, replica+"/api/v1/usage", bearer(token), "").status
}

// useEverywhere has every replica remember a token.
func (l *Ledger) useEverywhere(ctx context.Context, token string) {
	for _, replica := range l.replicas {
		l.ask(ctx, replica, token)
	}
}

// When a token that was refused is tried again: it must stay refused.
var tryAgain = []time.Duration{300 * time.Millisecond, 1200 * time.Millisecond, 3 * time.Second}

const watchEvery = 20 * time.Millisecond

// revoked has every replica asked with the token until it is refused, and a few
// times afterwards.
func (l *Ledger) revoked(ctx context.Context, token string, at time.Time) {
	one := &revocation{token, at}
	l.mu.Lock()
	l.revoke = append(l.revoke, one)
	l.mu.Unlock()
	for _, replica := range l.replicas {
		l.watching.Go(func() { l.watch(ctx, replica, one) })
	}
}

func (l *Ledger) watch(ctx context.Context, replica string, one *revocation) {
	for l.try(ctx, replica, one) != http.StatusUnauthorized {
		if !pause(ctx, watchEvery) {
			return
		}
	}
	l.mu.Lock()
	l.refusals = append(l.refusals, time.Since(one.at))
	l.mu.Unlock()
	for _, after := range tryAgain {
		if !pause(ctx, time.Until(one.at.Add(after))) {
			return
		}
		l.try(ctx, replica, one)
	}
}

// try asks with what was revoked. The time that counts is when the request was
// sent.
func (l *Ledger) try(ctx context.Context, replica string, one *revocation) int {
	sent := time.Now()
	status := l.ask(ctx, replica, one.token)
	if status == http.StatusOK {
		l.mu.Lock()
		l.accepted = max(l.accepted, sent.Sub(one.at))
		l.mu.Unlock()
	}
	return status
}

// recheck tries everything once more that was ever revoked.
func (l *Ledger) recheck(ctx context.Context) {
	l.mu.Lock()
	all := l.revoke
	l.mu.Unlock()
	_ = each(len(all), func(i int) error { // try keeps what it finds
		for _, replica := range l.replicas {
			l.try(ctx, replica, all[i])
		}
		return nil
	})
}

// Lost is what was acknowledged and is not there.
func (l *Ledger) Lost() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// Accepted is the longest time after its revocation that anything was let in.
func (l *Ledger) Accepted() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accepted
}

// Refusals are how long it took until a replica refused what was revoked.
func (l *Ledger) Refusals() []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refusals
}

// Reset forgets what was found so far. What was written must still be there; what was
// revoked is not tried again.
func (l *Ledger) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost, l.revoke, l.accepted, l.refusals = nil, nil, 0, nil
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
