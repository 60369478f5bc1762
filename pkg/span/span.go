// Package span records what requests do and for how long, and sends it to an
// OpenTelemetry collector: OTLP over HTTP, as JSON. Nothing that a caller sent is in a
// span but the method: names are those of routes, statements and commands.
package span

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"
)

// Kind is what a span is to the service (the numbers of OTLP).
type Kind int

// Kinds.
const (
	Server Kind = 2 // answers somebody
	Client Kind = 3 // asks somebody
)

// Attr is one thing that is known of a span: a string or an int.
type Attr struct {
	Key   string
	Value any
}

// on spares those who record the look for a record: nobody has one.
var on atomic.Bool

// most bounds the spans of one request.
const most = 256

// Record holds what one request has done.
type Record struct {
	exporter *Exporter
	id       string // of the server's span

	mu    sync.Mutex
	spans []finished
}

type finished struct {
	id, parent string
	trace      string
	name       string
	kind       Kind
	began      time.Time
	ended      time.Time
	attrs      []Attr
	failed     bool
}

// Key is what a context gives a *Record for.
type Key struct{}

// Active is a span that has begun. A nil *Active is none, and does nothing.
type Active struct {
	record *Record
	f      finished
}

// Start begins a span of the request of ctx; nil: nobody records it. name and attrs
// must hold nothing that a caller sent.
func Start(ctx context.Context, name string, attrs ...Attr) *Active {
	if !on.Load() {
		return nil
	}
	r, _ := ctx.Value(Key{}).(*Record)
	if r == nil {
		return nil
	}
	return &Active{r, finished{id: newID(8), parent: r.id, name: name, kind: Client, began: time.Now(), attrs: attrs}} //nolint:forbidigo // durations are measured by this clock
}

// On reports whether spans are recorded.
func On() bool { return on.Load() }

// ID is the span's, in hex; "": there is none.
func (a *Active) ID() string {
	if a == nil {
		return ""
	}
	return a.f.id
}

// End ends the span. Of an error only that there was one is recorded.
func (a *Active) End(err error, more ...Attr) {
	if a == nil {
		return
	}
	a.f.ended, a.f.failed = time.Now(), err != nil //nolint:forbidigo // as Start
	a.f.attrs = append(a.f.attrs, more...)
	a.record.mu.Lock()
	defer a.record.mu.Unlock()
	if len(a.record.spans) < most {
		a.record.spans = append(a.record.spans, a.f)
	}
}

// Answer is how a request went.
type Answer struct {
	Trace   string // in hex
	Parent  string // the span of whoever asked; "": nobody told
	Name    string
	Failed  bool
	Began   time.Time
	Ended   time.Time
	Attrs   []Attr
	Sampled bool
}

// Finish hands the spans of the request to the exporter.
func (r *Record) Finish(a Answer) {
	if !a.Sampled {
		return
	}
	r.mu.Lock()
	spans := append(r.spans, finished{
		id: r.id, parent: a.Parent, name: a.Name, kind: Server, began: a.Began, ended: a.Ended, attrs: a.Attrs, failed: a.Failed,
	})
	r.spans = nil
	r.mu.Unlock()
	for i := range spans {
		spans[i].trace = a.Trace
	}
	r.exporter.take(spans)
}

// Sampled decides whether a trace is recorded. parent is what whoever asked has
// decided, if somebody did.
func (r *Record) Sampled(traceID string, hasParent, parent bool) bool {
	return r.exporter.settings.sampler(traceID, hasParent, parent)
}

func newID(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails on Go 1.24 and later
	return hex.EncodeToString(raw)
}
