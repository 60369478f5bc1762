package testenv

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy stands between a service and an engine. It can be cut, which is how a
// test takes the engine away, and on PostgreSQL it counts statements.
type Proxy struct {
	listener net.Listener
	tap      func(io.Reader) // sees what the client sends; nil: nothing looks

	mu     sync.Mutex
	target string
	cut    bool
	conns  map[net.Conn]struct{}
	hold   sync.RWMutex
	slow   atomic.Int64 // nanoseconds
}

// NewProxy starts a proxy in front of the engine at rawURL (postgres://… or
// redis://…) and returns it with the URL that leads through it. It ends with
// the test.
func NewProxy(t testing.TB, rawURL string) (*Proxy, string) {
	t.Helper()
	p, through, err := newProxy(rawURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, through
}

func newProxy(rawURL string, tap func(io.Reader)) (*Proxy, string, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, "", fmt.Errorf("testenv: proxy: %w", err)
	}
	target := u.Host
	if u.Port() == "" {
		port := map[string]string{"postgres": "5432", "postgresql": "5432", "redis": "6379"}[u.Scheme]
		target = net.JoinHostPort(u.Hostname(), port)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // lives as long as the test
	if err != nil {
		return nil, "", fmt.Errorf("testenv: proxy: %w", err)
	}
	p := &Proxy{listener: l, target: target, tap: tap, conns: map[net.Conn]struct{}{}}
	go p.accept()
	u.Host = l.Addr().String()
	if tap != nil { // nothing can be read of TLS
		q := u.Query()
		q.Set("sslmode", "disable")
		u.RawQuery = q.Encode()
	}
	return p, u.String(), nil
}

// Cut closes every connection and refuses new ones: the engine is away.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for c := range p.conns {
		_ = c.Close() // its peer notices, which is the point
	}
}

// Restore lets connections through again.
func (p *Proxy) Restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
}

// Lead sends those who connect from now on to addr (host:port) and closes the
// connections there are: another engine has taken over.
func (p *Proxy) Lead(addr string) {
	p.Cut()
	p.mu.Lock()
	p.target = addr
	p.mu.Unlock()
	p.Restore()
}

// Hold keeps back what the engine answers until release is called: the engine
// takes requests and hangs.
func (p *Proxy) Hold() (release func()) {
	p.hold.Lock()
	return p.hold.Unlock
}

// Slow delays every answer of the engine by d; 0 ends it.
func (p *Proxy) Slow(d time.Duration) { p.slow.Store(int64(d)) }

// held is a connection whose writes wait while the proxy holds answers back.
type held struct {
	net.Conn
	p *Proxy
}

func (h held) Write(b []byte) (int, error) {
	if d := time.Duration(h.p.slow.Load()); d > 0 {
		<-time.After(d)
	}
	h.p.hold.RLock()
	defer h.p.hold.RUnlock()
	return h.Conn.Write(b)
}

// Close ends the proxy.
func (p *Proxy) Close() {
	_ = p.listener.Close() // accept ends
	p.Cut()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		go p.serve(client)
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close() //nolint:errcheck // both ends go together
	if !p.keep(client) {
		return
	}
	defer p.forget(client)
	server, err := net.Dial("tcp", p.leads()) //nolint:noctx // bounded by Cut
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // both ends go together
	if !p.keep(server) {
		return
	}
	defer p.forget(server)

	go func() {
		_, _ = io.Copy(held{client, p}, server)
		_ = client.Close()
	}()
	if p.tap == nil {
		_, _ = io.Copy(server, client)
		return
	}
	reader, writer := io.Pipe()
	go p.tap(reader)
	defer writer.Close() //nolint:errcheck // a pipe's writer always closes
	_, _ = io.Copy(server, io.TeeReader(client, heeded{writer}))
}

// heeded is a pipe whose Write returns when its reader asks for more, and so has
// looked at everything before it goes on to the engine: what is counted when an
// answer arrives is all of it.
type heeded struct{ *io.PipeWriter }

func (w heeded) Write(b []byte) (int, error) {
	n, err := w.PipeWriter.Write(b)
	if err == nil {
		_, err = w.PipeWriter.Write(nil) // taken by the next Read
	}
	return n, err
}

func (p *Proxy) leads() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.target
}

func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		return false
	}
	p.conns[c] = struct{}{}
	return true
}

func (p *Proxy) forget(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}
