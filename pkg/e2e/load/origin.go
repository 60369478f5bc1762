package load

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The origin looks after its replicas as deploy/Caddyfile does, only more often.
const (
	healthEvery   = time.Second
	healthTimeout = time.Second
)

// byOrigin marks what the origin answered itself, because it had no replica or
// lost one in the middle of an answer.
const byOrigin = "X-Load-Origin"

// Origin is a reverse proxy in front of replicas of both services, with the routes
// of deploy/Caddyfile.
type Origin struct {
	URL      string // for everybody
	Internal string // for the services: authserver alone

	auth, api *replicas
	servers   []*http.Server
	ctx       context.Context //nolint:containedctx // of the health checks, which end with Close
	stop      context.CancelFunc
	running   sync.WaitGroup
}

// newOrigin listens on loopback.
func newOrigin() (*Origin, error) {
	o := &Origin{auth: newReplicas("/.well-known/oauth-authorization-server"), api: newReplicas("/.well-known/oauth-protected-resource")}
	toAuth, toAPI := o.auth.proxy(), o.api.proxy()
	all := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/internal/"):
			w.WriteHeader(http.StatusNotFound)
		case ofResource(r.URL.Path):
			toAPI.ServeHTTP(w, r)
		default:
			toAuth.ServeHTTP(w, r)
		}
	})
	o.ctx, o.stop = context.WithCancel(context.Background())
	for _, listener := range []struct {
		url     *string
		handler http.Handler
	}{{&o.URL, all}, {&o.Internal, toAuth}} {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed in Close
		if err != nil {
			o.Close()
			return nil, err
		}
		server := &http.Server{Handler: listener.handler, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
		o.servers = append(o.servers, server)
		*listener.url = "http://" + l.Addr().String()
		o.running.Go(func() { _ = server.Serve(l) }) // ends with Close
	}
	return o, nil
}

// addAuth puts the origin in front of one more replica of authserver, at addr
// (host:port).
func (o *Origin) addAuth(addr string) { o.add(o.auth, addr) }

// addAPI is addAuth for resourceapi.
func (o *Origin) addAPI(addr string) { o.add(o.api, addr) }

func (o *Origin) add(to *replicas, addr string) {
	one := &replica{addr: addr}
	to.mu.Lock()
	to.all = append(to.all, one)
	to.mu.Unlock()
	o.running.Go(func() { to.watch(o.ctx, one) })
}

// Close ends the origin.
func (o *Origin) Close() {
	o.stop()
	for _, s := range o.servers {
		_ = s.Close() // nobody waits for an answer any more
	}
	o.running.Wait()
}

// ofResource reports whether a path is resourceapi's.
func ofResource(path string) bool {
	for _, own := range []string{"/api/v1/auth", "/api/v1/users/me", "/api/v1/api_keys", "/api/v1/devices"} {
		if path == own || strings.HasPrefix(path, own+"/") {
			return false
		}
	}
	return strings.HasPrefix(path, "/api/v1/") || path == "/mcp" || strings.HasPrefix(path, "/.well-known/oauth-protected-resource")
}

// replicas take turns; one that cannot be reached is left out until it answers.
type replicas struct {
	mu        sync.RWMutex
	all       []*replica
	health    string
	next      atomic.Uint64
	transport *http.Transport
}

type replica struct {
	addr string
	away atomic.Bool
}

func newReplicas(health string) *replicas {
	return &replicas{health: health, transport: &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true}}
}

func (g *replicas) proxy() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "replica"})
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		Transport: g,
		ErrorLog:  log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			w.Header().Set(byOrigin, "1")
			if errors.Is(err, errNobody) {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
}

var errNobody = errors.New("load: no replica is there")

// RoundTrip sends the request to the next replica, and to another one when that
// cannot be connected to: then it has received nothing.
func (g *replicas) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	for _, to := range g.inTurn() {
		if to.away.Load() {
			continue
		}
		out := r.Clone(r.Context())
		out.URL.Host = to.addr
		if body != nil {
			out.Body = io.NopCloser(bytes.NewReader(body))
		}
		res, err := g.transport.RoundTrip(out)
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
			to.away.Store(true)
			continue
		}
		return res, err
	}
	return nil, errNobody
}

// inTurn are the replicas, each time another one first.
func (g *replicas) inTurn() []*replica {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if len(g.all) == 0 {
		return nil
	}
	first := int(g.next.Add(1) % uint64(len(g.all))) //nolint:gosec // a small number
	return append(slices.Clone(g.all[first:]), g.all[:first]...)
}

func bodyOf(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	defer r.Body.Close() //nolint:errcheck // read to its end
	return io.ReadAll(r.Body)
}

// look asks every replica now whether it is there.
func (o *Origin) look(ctx context.Context) {
	for _, g := range []*replicas{o.auth, o.api} {
		for _, one := range g.inTurn() {
			one.away.Store(!g.there(ctx, one.addr))
		}
	}
}

// watch asks a replica again and again whether it is there.
func (g *replicas) watch(ctx context.Context, one *replica) {
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		one.away.Store(!g.there(ctx, one.addr))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (g *replicas) there(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+g.health, nil)
	if err != nil {
		return false
	}
	res, err := g.transport.RoundTrip(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close() // only the status matters
	return res.StatusCode == http.StatusOK
}
