package httpserver

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/pkg/span"
)

// request is what the chain knows about one request. It is the request's
// context itself, which saves the hot path two allocations and a timer: the
// timer is set when somebody first waits for the deadline.
type request struct {
	parent   context.Context //nolint:containedctx // it is a context
	now      func() time.Time
	deadline time.Time // zero: none
	inner    atomic.Pointer[bounded]

	idField [1]string // shared with the header of the answer
	addr    netip.Addr
	asked   *http.Request // nil: nobody asked
	route   string
	render  Renderer
	answer  recorder

	spans *span.Record // nil: none are recorded

	mu    sync.Mutex // guards what handlers add, perhaps from goroutines of their own
	id    string
	trace trace
	attrs []slog.Attr
	cause error
	space [1]slog.Attr // of who calls; more is rare
}

type bounded struct {
	context.Context //nolint:containedctx // it is a context
	cancel          context.CancelFunc
}

type requestKey struct{}

func fromContext(ctx context.Context) *request {
	req, _ := ctx.Value(requestKey{}).(*request)
	return req
}

// RequestID returns the id of the request ctx belongs to, or "".
func RequestID(ctx context.Context) string {
	if req := fromContext(ctx); req != nil {
		id, _ := req.identity(false)
		return id
	}
	return ""
}

// ClientAddr returns the address the request came from, trusted proxies looked
// through. Outside a request it is the zero Addr, which is in no prefix.
func ClientAddr(ctx context.Context) netip.Addr {
	if req := fromContext(ctx); req != nil {
		return req.addr
	}
	return netip.Addr{}
}

// UserAgent returns what the request of ctx says of its user agent, or "".
func UserAgent(ctx context.Context) string {
	if req := fromContext(ctx); req != nil && req.asked != nil {
		return req.asked.UserAgent()
	}
	return ""
}

// Deadline implements context.Context.
func (req *request) Deadline() (time.Time, bool) {
	at, ok := req.parent.Deadline()
	if req.deadline.IsZero() || ok && at.Before(req.deadline) {
		return at, ok
	}
	return req.deadline, true
}

// Done implements context.Context: the first caller sets the timer.
func (req *request) Done() <-chan struct{} {
	if req.deadline.IsZero() {
		return req.parent.Done()
	}
	in := req.inner.Load()
	if in == nil {
		ctx, cancel := context.WithTimeout(req.parent, req.deadline.Sub(req.now()))
		in = &bounded{ctx, cancel}
		if !req.inner.CompareAndSwap(nil, in) {
			cancel()
			in = req.inner.Load()
		}
	}
	return in.Done()
}

// Err implements context.Context.
func (req *request) Err() error {
	if in := req.inner.Load(); in != nil {
		return in.Err()
	}
	if err := req.parent.Err(); err != nil {
		return err
	}
	if !req.deadline.IsZero() && !req.now().Before(req.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// Value implements context.Context. Asking the timer's context lets package
// context recognise it and attach children without a goroutine each.
func (req *request) Value(key any) any {
	if key == (requestKey{}) {
		return req
	}
	if key == (span.Key{}) && req.spans != nil {
		return req.spans
	}
	if in := req.inner.Load(); in != nil {
		return in.Value(key)
	}
	return req.parent.Value(key)
}

func (req *request) release() {
	if in := req.inner.Load(); in != nil {
		in.cancel()
	}
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (a *recorder) WriteHeader(status int) {
	if a.status == 0 && status >= 200 { // 1xx is not the answer yet
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *recorder) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (a *recorder) Unwrap() http.ResponseWriter { return a.ResponseWriter }
