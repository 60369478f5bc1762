package span

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	sendEvery = 5 * time.Second
	sendMost  = 512 // spans in one message
	waiting   = 256 // requests whose spans wait; more are dropped
	lastSend  = 3 * time.Second
)

// Exporter sends spans to a collector. A nil *Exporter records none.
type Exporter struct {
	settings *settings
	http     *http.Client
	log      *slog.Logger
	queue    chan []finished
	sent     prometheus.Counter
	dropped  prometheus.Counter
	away     atomic.Bool
}

// New returns the exporter that the variables of OpenTelemetry in environ (name →
// value) describe; nil: none is wanted. service is the name where they give none.
func New(environ map[string]string, service, version string, log *slog.Logger, reg prometheus.Registerer) (*Exporter, error) {
	s, err := read(environ, service, version)
	if err != nil || s == nil {
		return nil, err
	}
	spans := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "latchkey_spans_total", Help: "Spans for the OpenTelemetry collector, by result.",
	}, []string{"result"})
	reg.MustRegister(spans)
	on.Store(true)
	return &Exporter{
		settings: s, log: log, queue: make(chan []finished, waiting),
		sent: spans.WithLabelValues("sent"), dropped: spans.WithLabelValues("dropped"),
		http: &http.Client{
			Timeout: s.timeout,
			// A redirect would carry our headers to wherever it points.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Begin returns the record of a request that begins now.
func (x *Exporter) Begin() *Record {
	if x == nil {
		return nil
	}
	return &Record{exporter: x, id: newID(8)}
}

func (x *Exporter) take(spans []finished) {
	select {
	case x.queue <- spans:
	default:
		x.dropped.Add(float64(len(spans)))
	}
}

// Run sends spans until ctx ends, and then those that are left. A nil *Exporter
// returns at once.
func (x *Exporter) Run(ctx context.Context) {
	if x == nil {
		return
	}
	tick := time.NewTicker(sendEvery)
	defer tick.Stop()
	var batch []finished
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSend)
			defer cancel()
			for len(x.queue) > 0 {
				batch = append(batch, <-x.queue...)
			}
			x.send(last, batch)
			return
		case spans := <-x.queue:
			if batch = append(batch, spans...); len(batch) < sendMost {
				continue
			}
		case <-tick.C:
		}
		x.send(ctx, batch)
		batch = nil
	}
}

func (x *Exporter) send(ctx context.Context, batch []finished) {
	if len(batch) == 0 {
		return
	}
	err := x.post(ctx, batch)
	if err == nil {
		x.sent.Add(float64(len(batch)))
		x.away.Store(false)
		return
	}
	x.dropped.Add(float64(len(batch)))
	if !x.away.Swap(true) {
		x.log.LogAttrs(ctx, slog.LevelWarn, "the OpenTelemetry collector takes no spans", slog.Any("error", err))
	}
}

func (x *Exporter) post(ctx context.Context, batch []finished) error {
	body, err := json.Marshal(x.message(batch))
	if err != nil {
		return fmt.Errorf("span: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.settings.endpoint, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("span: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range x.settings.headers {
		req.Header.Set(name, value)
	}
	res, err := x.http.Do(req)
	if err != nil {
		return fmt.Errorf("span: %w", err)
	}
	defer func() { _ = res.Body.Close() }()                      // only ever read from
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // lets the connection be used again
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("span: the collector answered %d", res.StatusCode)
	}
	return nil
}

type object = map[string]any

// message is what OTLP sends, as JSON (ExportTraceServiceRequest).
func (x *Exporter) message(batch []finished) object {
	spans := make([]object, len(batch))
	for i, f := range batch {
		one := object{
			"traceId": f.trace, "spanId": f.id, "name": f.name, "kind": f.kind, "attributes": attributes(f.attrs),
			"startTimeUnixNano": strconv.FormatInt(f.began.UnixNano(), 10), "endTimeUnixNano": strconv.FormatInt(f.ended.UnixNano(), 10),
		}
		if f.parent != "" {
			one["parentSpanId"] = f.parent
		}
		if f.failed {
			one["status"] = object{"code": 2}
		}
		spans[i] = one
	}
	return object{"resourceSpans": []object{{
		"resource":   object{"attributes": attributes(x.settings.resource)},
		"scopeSpans": []object{{"scope": object{"name": "latchkey"}, "spans": spans}},
	}}}
}

func attributes(attrs []Attr) []object {
	list := make([]object, 0, len(attrs))
	for _, a := range attrs {
		value := object{"stringValue": fmt.Sprint(a.Value)}
		if n, ok := a.Value.(int); ok {
			value = object{"intValue": strconv.Itoa(n)}
		}
		list = append(list, object{"key": a.Key, "value": value})
	}
	return list
}
