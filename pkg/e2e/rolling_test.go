package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// balancer is a proxy in front of replicas that asks them now and then whether they
// are ready, and never sends a request again.
type balancer struct {
	replicas atomic.Pointer[[]*upstream]
	next     atomic.Uint64
}

type upstream struct {
	proxy  *httputil.ReverseProxy
	url    string
	ready  atomic.Bool
	served atomic.Int64
}

const pollEvery = 100 * time.Millisecond

// newBalancer starts a balancer that ends with the test and knows no replicas yet.
func newBalancer(t *testing.T) (b *balancer, address string) {
	t.Helper()
	b = &balancer{}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return b, server.URL
}

// to makes b send requests to replicas at urls, which it asks until the test ends.
func (b *balancer) to(t *testing.T, urls ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var polls sync.WaitGroup
	t.Cleanup(func() {
		stop()
		polls.Wait()
	})
	replicas := make([]*upstream, 0, len(urls))
	for _, text := range urls {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		one := &upstream{url: text, proxy: httputil.NewSingleHostReverseProxy(u)}
		one.proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 16}
		one.proxy.ErrorHandler = func(rw http.ResponseWriter, _ *http.Request, err error) {
			t.Logf("%s: %v", one.url, err)
			http.Error(rw, err.Error(), http.StatusBadGateway)
		}
		replicas = append(replicas, one)
		polls.Go(func() {
			tick := time.NewTicker(pollEvery)
			defer tick.Stop()
			for {
				one.poll(ctx)
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
		})
	}
	b.replicas.Store(&replicas)
	b.awaitReady(t)
}

func (b *balancer) upstreams() []*upstream {
	if all := b.replicas.Load(); all != nil {
		return *all
	}
	return nil
}

func (u *upstream) poll(ctx context.Context) {
	answer, err := sendTo(ctx, http.MethodGet, u.url+"/readyz", nil, "")
	u.ready.Store(err == nil && answer.Status == http.StatusOK)
}

// ServeHTTP implements http.Handler.
func (b *balancer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	all, first := b.upstreams(), b.next.Add(1)
	for i := range all {
		u := all[(first+uint64(i))%uint64(len(all))]
		if u.ready.Load() {
			u.served.Add(1)
			u.proxy.ServeHTTP(rw, r)
			return
		}
	}
	http.Error(rw, "nobody is ready", http.StatusBadGateway)
}

// awaitReady waits until the balancer sends requests to all replicas.
func (b *balancer) awaitReady(t *testing.T) {
	t.Helper()
	testenv.Eventually(t, time.Minute, "every replica is ready", func() bool {
		for _, u := range b.upstreams() {
			if !u.ready.Load() {
				return false
			}
		}
		return true
	})
}

// TestNobodyIsRefusedWhileReplicasAreExchanged: one after the other is stopped and
// started under requests, behind a proxy that asks for readiness. Nothing fails:
// neither reads, nor writes, nor refreshes, which nobody could send again.
func TestNobodyIsRefusedWhileReplicasAreExchanged(t *testing.T) {
	t.Parallel()
	delay := (20 * pollEvery).String() // a busy machine asks late
	authBalancer, auths := newBalancer(t)
	apiBalancer, apis := newBalancer(t)
	w := startWorld(t, testenv.Production, stack.Setup{
		Replicas: 2, AuthEnv: process.Env{"AUTH_DRAIN_DELAY": delay},
		APIEnv: process.Env{"API_DRAIN_DELAY": delay, "API_INTROSPECTION_URL": auths + "/oauth/introspect"},
	})
	second, err := w.AddAuth(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	authBalancer.to(t, w.Auth.URL, second.URL)
	apiBalancer.to(t, w.APIs[0].URL, w.APIs[1].URL)

	p := w.person()
	var done, failed atomic.Int64
	stopped := make(chan struct{})
	var load sync.WaitGroup
	again := func(once func() (status int, err error)) {
		load.Go(func() {
			for {
				select {
				case <-stopped:
					return
				default:
				}
				status, err := once()
				done.Add(1)
				if err != nil || status >= http.StatusMultipleChoices {
					failed.Add(1)
					t.Errorf("%d %v", status, err)
					return
				}
			}
		})
	}
	app := &actor.App{}
	for range 3 {
		pair := w.tokensOf(p, w.public(), "read_write")
		again(func() (int, error) {
			return statusOf(app.Call(t.Context(), http.MethodGet, apis+accounts, pair.Access, nil))
		})
		again(func() (int, error) {
			return statusOf(app.Call(t.Context(), http.MethodPost, apis+"/api/v1/tags", pair.Access, map[string]any{"tag": map[string]any{"name": fmt.Sprint("tag ", done.Load(), time.Now().UnixNano())}}))
		})
		other := w.public()
		behind := &actor.App{Issuer: auths, Client: other.Client, RedirectURI: other.RedirectURI}
		refresh := w.tokensOf(p, other, "read").Refresh
		again(func() (int, error) {
			answer, err := behind.Form(t.Context(), "/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
			if err == nil {
				refresh = answer.Text("refresh_token")
			}
			return statusOf(answer, err)
		})
	}
	exchange := func(b *balancer, replica *process.Process) {
		b.awaitReady(t)
		if err := replica.Stop(); err != nil {
			t.Error(err)
		}
		now, err := replica.Again(t.Context(), "", nil)
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(now.End)
		b.awaitReady(t)
	}
	exchange(authBalancer, w.Auth)
	exchange(authBalancer, second)
	exchange(apiBalancer, w.APIs[0])
	exchange(apiBalancer, w.APIs[1])
	close(stopped)
	load.Wait()
	t.Logf("%d requests, %d failed", done.Load(), failed.Load())
	for _, u := range slices.Concat(authBalancer.upstreams(), apiBalancer.upstreams()) {
		if u.served.Load() < 20 {
			t.Errorf("%s served %d requests", u.url, u.served.Load())
		}
	}
}

func statusOf(answer *actor.Answer, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return answer.Status, nil
}
