package introspection_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

// ledger is an authorization server that knows which credentials have ended.
type ledger struct {
	mu    sync.Mutex
	ended map[secret.Digest]bool
	asked map[secret.Digest]int
}

func newLedger() *ledger {
	return &ledger{ended: map[secret.Digest]bool{}, asked: map[secret.Digest]int{}}
}

func (l *ledger) end(token secret.Token) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended[token.Digest()] = true
}

func (l *ledger) asks(token secret.Token) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked[token.Digest()]
}

func (l *ledger) Introspect(_ context.Context, token secret.Token) (introspection.Answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked[token.Digest()]++
	if l.ended[token.Digest()] {
		return introspection.Answer{Reason: introspection.ReasonDeactivated}, nil
	}
	return active, nil
}

// listen runs a replica whose answers live for a minute, until what is published
// arrives there.
func listen(t *testing.T, as *ledger, store cache.Store) *introspection.Cached {
	t.Helper()
	i := newCachedWith(t, as, introspection.CachedOptions{Life: introspection.MaxLife, Store: store, Now: time.Now})
	run(t, i.Run)
	probe := secret.New(secret.AccessToken)
	isActive(t, i, probe)
	testenv.Eventually(t, 30*time.Second, "the replica listens", func() bool {
		before := as.asks(probe)
		newPublisher(store).Publish(t.Context(), []secret.Digest{probe.Digest()})
		isActive(t, i, probe)
		return as.asks(probe) > before
	})
	return i
}

func TestS38_RevocationReachesEveryReplica(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) cache.Store) {
		as := newLedger()
		replicas := make([]*introspection.Cached, 3)
		for n := range replicas {
			replicas[n] = listen(t, as, open(t))
		}
		publisher := newPublisher(open(t))
		for round := range 5 {
			token := secret.New(secret.AccessToken)
			for _, r := range replicas {
				if !isActive(t, r, token) {
					t.Fatal("inactive before revocation")
				}
			}
			stored(t, open(t), token)
			as.end(token)
			publisher.Publish(t.Context(), []secret.Digest{token.Digest()})
			for _, r := range replicas { // their answers would live for a minute
				testenv.Eventually(t, 5*time.Second, fmt.Sprint("round ", round), func() bool { return !isActive(t, r, token) })
				if a, _ := r.Introspect(t.Context(), token); a.Reason != introspection.ReasonDeactivated {
					t.Errorf("reason %q", a.Reason)
				}
			}
		}
	})
}

func TestManyArePublishedAtOnce(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) cache.Store) {
		as, store := newLedger(), open(t)
		i := listen(t, as, store)
		tokens, digests := make([]secret.Token, 2500), make([]secret.Digest, 2500)
		for n := range tokens {
			tokens[n] = secret.New(secret.AccessToken)
			digests[n] = tokens[n].Digest()
			if !isActive(t, i, tokens[n]) {
				t.Fatal("inactive")
			}
			as.end(tokens[n])
		}
		for _, token := range tokens { // what is stored after the news is served until its life is over
			stored(t, store, token)
		}
		newPublisher(store).Publish(t.Context(), digests)
		for _, token := range tokens {
			testenv.Eventually(t, 5*time.Second, "each is dropped", func() bool { return !isActive(t, i, token) })
		}
	})
}

// What was asked before a revocation was published serves those who waited for
// it already, and nobody else.
func TestAnAnswerInFlightIsNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, as, token := newClock(), newScript(), secret.New(secret.AccessToken)
		store := cache.NewMemory(cache.Options{Now: c.now})
		i := newCached(t, as, store, c.now)
		ctx, cancel := context.WithCancel(t.Context())
		go i.Run(ctx)
		early := introspect(t, i, token)
		newPublisher(store).Publish(t.Context(), []secret.Digest{token.Digest()})
		late := introspect(t, i, token)
		if n := as.asks(); n != 2 {
			t.Fatalf("%d asks", n)
		}
		(<-as) <- active
		if got, over := early.over(); !got || !over {
			t.Error("who waited was not served")
		}
		if _, over := late.over(); over {
			t.Error("who came after the revocation was served by what was asked before it")
		}
		if raw, _, _ := store.Get(t.Context(), introspection.Key(token.Digest())); raw != nil {
			t.Error("it is shared")
		}
		(<-as) <- introspection.Answer{}
		if got, over := late.over(); got || !over {
			t.Error("active after the revocation")
		}
		if isActive(t, i, token) {
			t.Error("it is remembered")
		}
		cancel()
	})
}

// Lookups without a pause while credentials end: nothing is accepted a life after
// that, and what was refused stays refused.
func TestLookupsRacingWithRevocations(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) cache.Store) {
		as := newLedger()
		i := newCached(t, as, open(t), time.Now)
		run(t, i.Run)
		publisher := newPublisher(open(t))
		for range 20 {
			token, stop := secret.New(secret.AccessToken), make(chan struct{})
			var busy sync.WaitGroup
			for range 4 {
				busy.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
							isActive(t, i, token)
						}
					}
				})
			}
			as.end(token)
			revoked := time.Now()
			publisher.Publish(t.Context(), []secret.Digest{token.Digest()})
			testenv.Eventually(t, 10*time.Second, "refused", func() bool {
				arrived := time.Now()
				accepted := isActive(t, i, token)
				if accepted && arrived.Sub(revoked) >= life {
					t.Errorf("accepted %v after the revocation", arrived.Sub(revoked))
				}
				return !accepted
			})
			for range 100 {
				if isActive(t, i, token) {
					t.Error("refused, and then let in again")
					break
				}
			}
			close(stop)
			busy.Wait()
		}
	})
}

func TestPublishingNowhereDoesNothing(t *testing.T) {
	none := introspection.NewPublisher(nil, slog.New(slog.DiscardHandler), nil)
	if none != nil {
		t.Error("a publisher to no store")
	}
	none.Publish(t.Context(), []secret.Digest{{}})
}

// A revocation is over when it is committed: a store that is away or hangs keeps
// it for a moment, and says so once.
func TestPublishingDoesNotWaitForTheStore(t *testing.T) {
	url := testenv.NeedRedis(t)
	digests := make([]secret.Digest, 2500)
	for name, put := range map[string]func(t *testing.T) (url string){
		"away": func(t *testing.T) string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			_ = l.Close()
			return "redis://" + l.Addr().String()
		},
		"hanging": func(t *testing.T) string {
			proxy, through := testenv.NewProxy(t, url)
			t.Cleanup(proxy.Hold())
			return through
		},
	} {
		t.Run(name, func(t *testing.T) {
			store, err := cache.OpenRedis(put(t), cache.Options{Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			var log bytes.Buffer
			publisher := introspection.NewPublisher(store, slog.New(slog.NewTextHandler(&log, nil)), nil)
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // its caller has left
			began := time.Now()
			for range 20 {
				publisher.Publish(ctx, digests)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("twenty revocations of 2,500 credentials took %v", took)
			}
			if n := strings.Count(log.String(), "\n"); n != 1 {
				t.Errorf("%d lines are in the log:\n%s", n, log.String())
			}
		})
	}
}
