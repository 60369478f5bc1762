package httpserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// lockedBuffer is written by the server and read by the test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type fixture struct {
	log lockedBuffer
	reg *prometheus.Registry
	url string
}

func serve(t *testing.T, change func(*httpserver.Chain), routes func(*mux.Router)) *fixture {
	t.Helper()
	f := &fixture{reg: prometheus.NewRegistry()}
	r := mux.NewRouter()
	routes(r)
	c := httpserver.Chain{
		Now: time.Now, Logger: slog.New(slog.NewJSONHandler(&f.log, nil)), Metrics: httpserver.NewMetrics(f.reg),
		Headers: httpserver.APIHeaders(), BodyLimit: 10, Timeout: 50 * time.Millisecond, Render: apierror.Write,
	}
	if change != nil {
		change(&c)
	}
	s := httptest.NewServer(c.Wrap(r))
	t.Cleanup(s.Close)
	f.url = s.URL
	return f
}

func (f *fixture) do(t *testing.T, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return res, string(text)
}

func (f *fixture) line(t *testing.T) map[string]any {
	t.Helper()
	deadline := time.After(2 * time.Second)
	for f.log.String() == "" {
		select {
		case <-deadline:
			t.Fatal("no log line")
		case <-time.After(time.Millisecond):
		}
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(f.log.String()), &line); err != nil {
		t.Fatalf("%v in %s", err, f.log.String())
	}
	return line
}

func api(h httpserver.Handler) http.Handler { return httpserver.Handle(h, apierror.Write) }

func TestChainAnswersErrors(t *testing.T) {
	boom := errors.New("the cause")
	tests := []struct {
		name   string
		h      httpserver.Handler
		body   string
		status int
		says   string
	}{
		{"a fault", func(http.ResponseWriter, *http.Request) error { return fault.Wrap(fault.Conflict, boom, "Twice") }, "", 409, "Twice"},
		{"an unknown error", func(http.ResponseWriter, *http.Request) error { return boom }, "", 500, "An unexpected error occurred"},
		{"a panic", func(http.ResponseWriter, *http.Request) error { panic("the cause") }, "", 500, "An unexpected error occurred"},
		{"a body over the limit", func(_ http.ResponseWriter, r *http.Request) error {
			_, err := io.ReadAll(r.Body)
			return err
		}, strings.Repeat("x", 11), 413, "too large"},
		{"a body over the limit, wrapped", func(_ http.ResponseWriter, r *http.Request) error {
			_, err := io.ReadAll(r.Body)
			return httpserver.BodyError(err, "unreadable")
		}, strings.Repeat("x", 11), 413, "too large"},
		{"the deadline", func(_ http.ResponseWriter, r *http.Request) error {
			<-r.Context().Done()
			return r.Context().Err()
		}, "", 503, "Try again later"},
		{"the deadline of a child", func(_ http.ResponseWriter, r *http.Request) error {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			<-ctx.Done()
			return ctx.Err()
		}, "", 503, "Try again later"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := serve(t, nil, func(r *mux.Router) { r.Handle("/things/{id}", api(tt.h)) })
			res, body := f.do(t, "POST", "/things/7?access_token=hush", tt.body)
			if res.StatusCode != tt.status || !strings.Contains(body, tt.says) || strings.Contains(body, "cause") {
				t.Errorf("%d %s", res.StatusCode, body)
			}
			if res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("X-Request-Id") == "" {
				t.Errorf("headers %v", res.Header)
			}
			line := f.line(t)
			if line["route"] != "/things/{id}" || line["status"] != float64(tt.status) || line["request_id"] != res.Header.Get("X-Request-Id") {
				t.Errorf("line %v", line)
			}
			if line["error"] == nil || strings.Contains(f.log.String(), "hush") {
				t.Errorf("line %v", line)
			}
		})
	}
}

// Whoever counts times to answer hears of every request once, of one that fails too.
func TestChainSaysHowLongRequestsTook(t *testing.T) {
	took := make(chan time.Duration, 9)
	f := serve(t, func(c *httpserver.Chain) { c.Took = func(d time.Duration) { took <- d } }, func(r *mux.Router) {
		r.Path("/fine").Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		r.Path("/bad").Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") }))
	})
	for _, path := range []string{"/fine", "/bad", "/nowhere"} {
		res, err := http.Get(f.url + path) //nolint:noctx // one request of a test
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if d := <-took; d <= 0 || len(took) > 0 {
			t.Errorf("%s took %s, and %d more", path, d, len(took))
		}
	}
}

func TestChainCutsOffHalfAnAnswer(t *testing.T) {
	f := serve(t, nil, func(r *mux.Router) {
		r.Handle("/half", api(func(w http.ResponseWriter, _ *http.Request) error {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic("the cause")
		}))
	})
	res, err := http.Get(f.url + "/half") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("half an answer looked whole")
	}
	if line := f.line(t); !strings.Contains(line["error"].(string), "the cause") {
		t.Errorf("line %v", line)
	}
}

func TestChainLogsWhatHandlersAdd(t *testing.T) {
	f := serve(t, nil, func(r *mux.Router) {
		r.Handle("/", api(func(w http.ResponseWriter, r *http.Request) error {
			httpserver.Annotate(r.Context(), slog.String("client_id", "c1"))
			_, err := io.WriteString(w, httpserver.RequestID(r.Context()))
			return err
		}))
	})
	res, body := f.do(t, "GET", "/", "")
	if body == "" || body != res.Header.Get("X-Request-Id") {
		t.Errorf("request id %q", body)
	}
	if line := f.line(t); line["client_id"] != "c1" || line["status"] != 200.0 || line["bytes"] != float64(len(body)) || line["request_id"] != body {
		t.Errorf("line %v", line)
	}
	got, err := f.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range got {
		if family.GetName() == "http_requests_total" {
			if text := family.GetMetric()[0].String(); !strings.Contains(text, `"/"`) || !strings.Contains(text, `"200"`) {
				t.Errorf("metric %s", text)
			}
			return
		}
	}
	t.Error("no http_requests_total")
}

func TestChainLooksThroughTrustedProxiesOnly(t *testing.T) {
	loopback, err := httpserver.ParsePrefixes([]string{"127.0.0.1", "10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		trusted []netip.Prefix
		forward []string
		want    string
	}{
		{"nobody is trusted", nil, []string{"X-Forwarded-For", "203.0.113.9"}, "127.0.0.1"},
		{"no header", loopback, nil, "127.0.0.1"},
		{"one hop", loopback, []string{"X-Forwarded-For", "203.0.113.9"}, "203.0.113.9"},
		{"a forged start", loopback, []string{"X-Forwarded-For", "6.6.6.6, 203.0.113.9"}, "203.0.113.9"},
		{"two proxies", loopback, []string{"X-Forwarded-For", "6.6.6.6,203.0.113.9, 10.1.2.3"}, "203.0.113.9"},
		{"two lines", loopback, []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-For", "10.1.2.3"}, "203.0.113.9"},
		{"rubbish", loopback, []string{"X-Forwarded-For", "203.0.113.9, what"}, "127.0.0.1"},
		{"IPv6 with a port", loopback, []string{"X-Forwarded-For", "[2001:db8::1]:443"}, "2001:db8::1"},
		{"mapped", loopback, []string{"X-Forwarded-For", "::ffff:203.0.113.9"}, "203.0.113.9"},
		{"Forwarded is ignored", loopback, []string{"Forwarded", "for=203.0.113.9"}, "127.0.0.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := serve(t, func(c *httpserver.Chain) { c.TrustedProxies = tt.trusted }, func(r *mux.Router) {
				r.Handle("/", api(func(w http.ResponseWriter, r *http.Request) error {
					_, err := io.WriteString(w, httpserver.ClientAddr(r.Context()).String())
					return err
				}))
			})
			if _, got := f.do(t, "GET", "/", "", tt.forward...); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	if _, err := httpserver.ParsePrefixes([]string{"300.1.1.1"}); err == nil {
		t.Error("no error")
	}
}

func BenchmarkChain(b *testing.B) {
	f := struct{ io.Writer }{io.Discard}
	r := mux.NewRouter()
	r.Handle("/ping", api(func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.WriteString(w, "{}")
		return err
	}))
	c := httpserver.Chain{
		Now: time.Now, Logger: slog.New(slog.NewJSONHandler(f, nil)), Metrics: httpserver.NewMetrics(prometheus.NewRegistry()),
		Headers: httpserver.APIHeaders(), Render: apierror.Write,
	}
	for name, h := range map[string]http.Handler{"bare": r, "chained": c.Wrap(r)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				req := httptest.NewRequestWithContext(b.Context(), "GET", "/ping", nil)
				req.RemoteAddr = "127.0.0.1:4711"
				h.ServeHTTP(httptest.NewRecorder(), req)
			}
		})
	}
}
