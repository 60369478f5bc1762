package span

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var quiet = slog.New(slog.DiscardHandler)

func TestNobodyWantsSpans(t *testing.T) {
	for _, environ := range []map[string]string{
		nil,
		{"OTEL_SERVICE_NAME": "x", "OTEL_TRACES_SAMPLER": "nonsense"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
	} {
		x, err := New(environ, "x", "1", quiet, prometheus.NewRegistry())
		if x != nil || err != nil {
			t.Errorf("%v: %v %v", environ, x, err)
		}
		x.Run(t.Context())
		if x.Begin() != nil {
			t.Error("a record")
		}
	}
}

func TestWrongVariablesAreNamed(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for name, environ := range map[string]map[string]string{
		endpoint:                      {endpoint: "127.0.0.1:4318"},
		"OTEL_EXPORTER_OTLP_PROTOCOL": {endpoint: "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
		"OTEL_EXPORTER_OTLP_TIMEOUT":  {endpoint: "http://c:4318", "OTEL_EXPORTER_OTLP_TIMEOUT": "10s"},
		"OTEL_EXPORTER_OTLP_HEADERS":  {endpoint: "http://c:4318", "OTEL_EXPORTER_OTLP_HEADERS": "secret"},
		"OTEL_TRACES_SAMPLER must":    {endpoint: "http://c:4318", "OTEL_TRACES_SAMPLER": "sometimes"},
		"OTEL_TRACES_SAMPLER_ARG":     {endpoint: "http://c:4318", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"},
		"OTEL_RESOURCE_ATTRIBUTES":    {endpoint: "http://c:4318", "OTEL_RESOURCE_ATTRIBUTES": "x"},
	} {
		if _, err := New(environ, "x", "1", quiet, prometheus.NewRegistry()); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: %v", environ, err)
		}
	}
}

func TestSamplers(t *testing.T) {
	const low, high = "00000000000000000000000000000001", "0000000000000000ffffffffffffffff"
	for _, c := range []struct {
		name, arg, id     string
		hasParent, parent bool
		want              bool
	}{
		{"", "", low, false, false, true},
		{"", "", low, true, false, false},
		{"parentbased_always_off", "", low, true, true, true},
		{"parentbased_always_off", "", low, false, false, false},
		{"always_on", "", low, true, false, true},
		{"always_off", "", low, true, true, false},
		{"traceidratio", "0.5", low, true, false, true},
		{"traceidratio", "0.5", high, true, true, false},
		{"traceidratio", "1", high, false, false, true},
		{"traceidratio", "0", low, false, false, false},
		{"parentbased_traceidratio", "0.5", high, false, false, false},
	} {
		sample, err := samplerOf(c.name, c.arg)
		if err != nil || sample(c.id, c.hasParent, c.parent) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestSpansArrive in the form of OTLP, and what cannot be sent is dropped.
func TestSpansArrive(t *testing.T) {
	t.Cleanup(func() { on.Store(false) })
	bodies, status := make(chan []byte, 8), http.StatusOK
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/v1/traces" || r.Header.Get("Authorization") != "Bearer a=b" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		w.WriteHeader(status)
		bodies <- body
	}))
	defer collector.Close()
	x, err := New(map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL + "/", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20a%3Db",
		"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test,service.name=ours",
	}, "x", "1", quiet, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	began := time.Unix(1, 0)
	once := func() []byte {
		r := x.Begin()
		Start(context.WithValue(t.Context(), Key{}, r), "SELECT grants").End(io.EOF)
		r.Finish(Answer{
			Trace: "0af7651916cd43dd8448eb211c80319c", Parent: "b7ad6b7169203331", Sampled: true, Name: "GET /x",
			Began: began, Ended: began.Add(time.Second), Attrs: []Attr{{"http.response.status_code", 200}},
		})
		ctx, stop := context.WithCancel(t.Context())
		stop() // what is left is sent at the end
		x.Run(ctx)
		return <-bodies
	}
	var got struct {
		ResourceSpans []struct {
			Resource   struct{ Attributes []map[string]any }
			ScopeSpans []struct {
				Spans []map[string]any
			}
		}
	}
	if err := json.Unmarshal(once(), &got); err != nil {
		t.Fatal(err)
	}
	if name := got.ResourceSpans[0].Resource.Attributes[0]; name["key"] != "service.name" || name["value"].(map[string]any)["stringValue"] != "ours" {
		t.Errorf("%v", name)
	}
	spans := got.ResourceSpans[0].ScopeSpans[0].Spans
	if len(spans) != 2 {
		t.Fatalf("%v", spans)
	}
	server := spans[1]
	if server["traceId"] != "0af7651916cd43dd8448eb211c80319c" || server["parentSpanId"] != "b7ad6b7169203331" || server["kind"] != 2.0 ||
		server["startTimeUnixNano"] != "1000000000" || server["endTimeUnixNano"] != "2000000000" || len(server["spanId"].(string)) != 16 {
		t.Errorf("%v", server)
	}
	if child := spans[0]; child["name"] != "SELECT grants" || child["parentSpanId"] != server["spanId"] || child["status"].(map[string]any)["code"] != 2.0 {
		t.Errorf("%v", child)
	}
	status = http.StatusServiceUnavailable
	once()
	if !x.away.Load() {
		t.Error("nobody noticed that the collector is away")
	}
}

// TestOffCostsNothing: no allocation, and no look into the context.
func TestOffCostsNothing(t *testing.T) {
	on.Store(false)
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() { Start(ctx, "x").End(nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkOff(b *testing.B) {
	on.Store(false)
	ctx := b.Context()
	for b.Loop() {
		Start(ctx, "x").End(nil)
	}
}
