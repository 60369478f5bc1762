package httpserver

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
	"latchkey/pkg/span"
)

// Chain is what every request passes before it reaches a router: request id,
// recovery, client address, log line and metrics, headers, body limit,
// deadline. It is one handler rather than seven, because the guarded request
// is measured against a bare router.
type Chain struct {
	Now            func() time.Time    // required
	Logger         *slog.Logger        // required
	Metrics        *Metrics            // nil: none
	Took           func(time.Duration) // is told how long each request took; nil: nobody is
	Spans          *span.Exporter      // nil: none are recorded
	TrustedProxies []netip.Prefix      // whose X-Forwarded-For, X-Request-Id and Traceparent are believed
	Headers        Headers             // on every answer; a router may overwrite them
	BodyLimit      int64               // bytes; 0: 1 MiB
	Timeout        time.Duration       // of the request's context; 0: 15 s
	Render         Renderer            // required; answers a panic outside any router's Handle
}

const defaultTimeout = 15 * time.Second

// Headers are header fields prepared once and shared by all answers.
type Headers []header

type header struct {
	name  string
	value []string
}

// NewHeaders prepares name, value, name, value …
func NewHeaders(pairs ...string) Headers {
	h := make(Headers, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		h = append(h, header{http.CanonicalHeaderKey(pairs[i]), []string{pairs[i+1]}})
	}
	return h
}

// APIHeaders are the headers of answers that no browser should render, frame,
// sniff or keep.
func APIHeaders() Headers {
	return NewHeaders(
		"X-Content-Type-Options", "nosniff",
		"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'",
		"Cache-Control", "no-store",
	)
}

// Apply sets the fields on h, over what stood there.
func (hs Headers) Apply(h http.Header) {
	for _, f := range hs {
		h[f.name] = f.value
	}
}

// Wrap puts the chain in front of the routes. They must be told apart by method
// and path alone.
func (c Chain) Wrap(routes *mux.Router) http.Handler {
	if c.BodyLimit <= 0 {
		c.BodyLimit = 1 << 20
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	return &chain{Chain: c, routing: newRouting(routes), prefix: strings.ToLower(rand.Text()[:12]) + "-"}
}

type chain struct {
	Chain
	routing *routing
	prefix  string // makes ids of this process unlike those of any other
	count   atomic.Uint64
	date    atomic.Pointer[date]
}

// date is the field Date of the answers of one second.
type date struct {
	second int64
	field  []string
}

// dateOf writes the date once a second, where net/http would for each answer.
func (c *chain) dateOf(now time.Time) []string {
	if d := c.date.Load(); d != nil && d.second == now.Unix() {
		return d.field
	}
	d := &date{now.Unix(), []string{now.UTC().Format(http.TimeFormat)}}
	c.date.Store(d)
	return d.field
}

// ServeHTTP implements http.Handler.
func (c *chain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := c.Now()
	req := &request{
		parent: r.Context(), now: c.Now, deadline: began.Add(c.Timeout),
		id: c.newID(), addr: clientAddr(r, c.TrustedProxies), asked: r,
		route: "none", render: c.Render, spans: c.Spans.Begin(),
	}
	req.answer.ResponseWriter = w
	req.attrs = req.space[:0]
	h := w.Header()
	c.Headers.Apply(h)
	req.idField[0] = req.id
	h[idHeader], h["Date"] = req.idField[:], c.dateOf(began)
	if len(c.TrustedProxies) > 0 && contains(c.TrustedProxies, peer(r)) {
		req.adopt(r.Header)
	}
	inner := r.WithContext(req) //nolint:contextcheck // req is the context of r and more
	if r.Body != nil && r.Body != http.NoBody {
		c.limitBody(w, inner)
	}
	c.Metrics.begin()
	defer func() { //nolint:contextcheck // logs with the context in inner
		if p := recover(); p != nil {
			c.recovered(req, inner, p)
		}
		c.finish(req, r, began)
	}()
	f, routed := c.routing.find(inner)
	if f.route != "" {
		req.route = f.route
	}
	f.handler.ServeHTTP(&req.answer, routed)
}

// limitBody gives a body a third more time to arrive than its handler has, which
// is to be the one that says so, and refuses one that says it is too large before
// it is sent. The server's own request keeps its body: by that it knows whether
// the caller waits for 100 (Continue).
func (c *chain) limitBody(w http.ResponseWriter, inner *http.Request) {
	at := time.Now().Add(c.Timeout + c.Timeout/3)         //nolint:forbidigo // deadlines of connections go by this clock
	_ = http.NewResponseController(w).SetReadDeadline(at) // what has none is no connection
	if inner.ContentLength > c.BodyLimit {
		inner.Body = tooLarge{inner.Body, c.BodyLimit}
		return
	}
	inner.Body = http.MaxBytesReader(w, inner.Body, c.BodyLimit)
}

// tooLarge is a body that is not read.
type tooLarge struct {
	io.Closer
	limit int64
}

// Read implements io.Reader.
func (b tooLarge) Read([]byte) (int, error) { return 0, &http.MaxBytesError{Limit: b.limit} }

// newID makes the id of a request.
func (c *chain) newID() string {
	var space [32]byte
	return string(strconv.AppendUint(append(space[:0], c.prefix...), c.count.Add(1), 36))
}

func (c *chain) recovered(req *request, r *http.Request, p any) {
	if p == http.ErrAbortHandler { //nolint:errorlint,err113 // net/http compares it so
		req.answer.status = statusClientGone
		c.finish(req, r, req.deadline.Add(-c.Timeout))
		panic(p)
	}
	Cause(req, fmt.Errorf("panic: %v", p))
	Annotate(req, slog.String("stack", string(debug.Stack())))
	if req.answer.status != 0 {
		// Half an answer must not look like a whole one.
		c.finish(req, r, req.deadline.Add(-c.Timeout))
		panic(http.ErrAbortHandler)
	}
	defer func() {
		if again := recover(); again != nil { // the renderer failed too
			req.answer.WriteHeader(http.StatusInternalServerError)
		}
	}()
	req.render(&req.answer, r, fault.New(fault.Internal, ""))
}

// statusClientGone is what the log says when nobody waits for the answer.
const statusClientGone = 499

func (c *chain) finish(req *request, r *http.Request, began time.Time) {
	defer req.release()
	status := req.answer.status
	if status == 0 {
		status = http.StatusOK
	}
	ended := c.Now()
	took := ended.Sub(began)
	if req.parent.Err() != nil && status >= 500 {
		status = statusClientGone
	}
	c.Metrics.end(req.route, r.Method, status, took)
	if c.Took != nil {
		c.Took(took)
	}
	req.finishSpans(r.Method, status, began, ended)
	c.log(req, r, status, ended, took)
}

// log writes the request's line. The path and the query stay out of it: the
// route tells what was called, and a secret in a URL must not reach a file.
func (c *chain) log(req *request, r *http.Request, status int, at time.Time, took time.Duration) {
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	handler := c.Logger.Handler()
	ctx := req.parent // the line names the request itself
	if !handler.Enabled(ctx, level) {
		return
	}
	id, t := req.identity(false)
	line := slog.NewRecord(at, level, "request", 0) // no caller: it would always be this line
	line.AddAttrs(
		slog.String("request_id", id),
		slog.String("method", method(r.Method)),
		slog.String("route", req.route),
		slog.Int("status", status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.Int64("bytes", req.answer.bytes),
		slog.String("client_addr", req.addr.String()),
	)
	if t.id != "" {
		line.AddAttrs(slog.String("trace_id", t.id))
	}
	req.mu.Lock()
	line.AddAttrs(req.attrs...)
	if req.cause != nil {
		line.AddAttrs(slog.String("error", secret.Redact(req.cause.Error())))
	}
	req.mu.Unlock()
	_ = handler.Handle(ctx, line) // a log that cannot be written has nowhere to say so
}
