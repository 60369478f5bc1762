package httpserver

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"latchkey/pkg/secret"
	"latchkey/pkg/span"
)

const (
	idHeader    = "X-Request-Id"
	traceHeader = "Traceparent"

	traceLen = 55 // of a traceparent of version 00
)

// trace is where a request belongs (W3C Trace Context, version 00).
type trace struct {
	id     string // 32 hex digits; empty: none
	parent string // the span of whoever asked, 16 hex digits; empty: none
	flags  string // 2 hex digits
}

// sampled reports whether spans of the trace are recorded.
func (t trace) sampled() bool { return t.flags != "" && strings.Contains("13579bdf", t.flags[1:]) }

// parseTrace reads a traceparent. What a later version says beyond version 00 is
// passed over. false: it is none.
func parseTrace(text string) (trace, bool) {
	if len(text) < traceLen || text[:2] == "ff" || len(text) > traceLen && (text[:2] == "00" || text[traceLen] != '-') {
		return trace{}, false
	}
	part := strings.Split(text[:traceLen], "-")
	if len(part) != 4 {
		return trace{}, false
	}
	for i, digits := range []int{2, 32, 16, 2} {
		if len(part[i]) != digits || strings.Trim(part[i], "0123456789abcdef") != "" {
			return trace{}, false
		}
	}
	if strings.Trim(part[1], "0") == "" || strings.Trim(part[2], "0") == "" {
		return trace{}, false
	}
	return trace{id: part[1], parent: part[2], flags: part[3]}, true
}

// adopt takes request id and trace from h, each where it is harmless in a log and a
// header.
func (req *request) adopt(h http.Header) {
	req.mu.Lock()
	defer req.mu.Unlock()
	if in := h[idHeader]; len(in) == 1 && saneID(in[0]) {
		req.id, req.idField[0] = in[0], in[0]
	}
	if in := h[traceHeader]; len(in) == 1 {
		if t, ok := parseTrace(in[0]); ok {
			req.trace = req.sampling(t)
		}
	}
}

// identity returns the request id and the trace, which is begun if there is none
// and one is wanted.
func (req *request) identity(begin bool) (id string, t trace) {
	req.mu.Lock()
	defer req.mu.Unlock()
	if begin && req.trace.id == "" {
		req.trace = req.sampling(trace{id: randomHex(16), flags: "00"})
	}
	return req.id, req.trace
}

// sampling decides whether spans of t are recorded, where any are; else t stays as
// whoever asked has it.
func (req *request) sampling(t trace) trace {
	if req.spans == nil {
		return t
	}
	if req.spans.Sampled(t.id, t.parent != "", t.sampled()) {
		t.flags = "01"
	} else {
		t.flags = "00"
	}
	return t
}

// finishSpans hands on what the request did. A request that nobody else has a trace
// for begins one.
func (req *request) finishSpans(verb string, status int, began, ended time.Time) {
	if req.spans == nil {
		return
	}
	id, t := req.identity(true)
	req.spans.Finish(span.Answer{
		Trace: t.id, Parent: t.parent, Sampled: t.sampled(), Name: method(verb) + " " + req.route, Failed: status >= 500, Began: began, Ended: ended,
		Attrs: []span.Attr{
			{Key: "http.request.method", Value: method(verb)},
			{Key: "http.route", Value: req.route},
			{Key: "http.response.status_code", Value: status},
			{Key: "latchkey.request_id", Value: id},
		},
	})
}

func randomHex(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails on Go 1.24 and later
	return hex.EncodeToString(raw)
}

func saneID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		ch := id[i]
		if !(ch >= '0' && ch <= '9' || ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch == '-' || ch == '_' || ch == '.') {
			return false
		}
	}
	return secret.Redact(id) == id // a credential in the wrong header stays out of the log
}

// ExtractTrace gives r the request id and the trace of its sender, who has proved to be a
// service of ours. Whatever proxies of ours sent has been taken already; of
// strangers nothing is.
func ExtractTrace(r *http.Request) {
	if req := fromContext(r.Context()); req != nil {
		req.adopt(r.Header)
	}
}

// Begin returns a context for work that no request asked for, with an id of its own
// that its log lines have and its calls carry on.
func Begin(ctx context.Context) context.Context {
	return &request{parent: ctx, id: strings.ToLower(rand.Text()[:16])}
}

// InjectTrace puts the request id and the trace of ctx on a request to a service of
// ours. asking is the span of that request; nil: it has none.
func InjectTrace(ctx context.Context, h http.Header, asking *span.Active) {
	req := fromContext(ctx)
	if req == nil {
		return
	}
	id, t := req.identity(true)
	h.Set(idHeader, id)
	parent := asking.ID()
	if parent == "" {
		parent = randomHex(8)
	}
	h.Set(traceHeader, "00-"+t.id+"-"+parent+"-"+t.flags)
}

// identified is a log handler that says of each line in a request which request it
// belongs to and where that came from.
type identified struct{ slog.Handler }

// Handle implements slog.Handler.
func (h identified) Handle(ctx context.Context, line slog.Record) error {
	req := fromContext(ctx)
	if req == nil {
		return h.Handler.Handle(ctx, line)
	}
	id, t := req.identity(false)
	more := map[string]string{"request_id": id, "trace_id": t.id}
	if req.addr.IsValid() {
		more["client_addr"] = req.addr.String()
	}
	line.Attrs(func(a slog.Attr) bool {
		delete(more, a.Key)
		return true
	})
	for _, key := range []string{"request_id", "trace_id", "client_addr"} {
		if value := more[key]; value != "" {
			line.AddAttrs(slog.String(key, value))
		}
	}
	return h.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (h identified) WithAttrs(attrs []slog.Attr) slog.Handler {
	return identified{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h identified) WithGroup(name string) slog.Handler { return identified{h.Handler.WithGroup(name)} }
