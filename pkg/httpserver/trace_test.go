package httpserver_test

import (
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gorilla/mux"

	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	parent  = "00-" + traceID + "-00f067aa0ba902b7-01"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// onward answers with the identity that a call of the request would carry.
func onward(trusted []netip.Prefix, known bool) (func(*httpserver.Chain), func(*mux.Router)) {
	return func(c *httpserver.Chain) { c.TrustedProxies = trusted }, func(r *mux.Router) {
		r.Handle("/", api(func(w http.ResponseWriter, r *http.Request) error {
			if known {
				httpserver.ExtractTrace(r)
			}
			h := http.Header{}
			httpserver.InjectTrace(r.Context(), h, nil)
			w.Header().Set("Onward-Id", h.Get("X-Request-Id"))
			w.Header().Set("Onward-Trace", h.Get("Traceparent"))
			return nil
		}))
	}
}

// TestRequestIDsAreTakenFromWhomWeTrust: proxies of ours, and services that have
// proved who they are.
func TestRequestIDsAreTakenFromWhomWeTrust(t *testing.T) {
	for name, c := range map[string]struct {
		trusted      []netip.Prefix
		known, taken bool
	}{
		"a proxy": {loopback, false, true}, "a service": {nil, true, true},
		"a stranger": {nil, false, false}, "a stranger, behind another proxy": {[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, false, false},
	} {
		change, routes := onward(c.trusted, c.known)
		f := serve(t, change, routes)
		res, _ := f.do(t, "GET", "/", "", "X-Request-Id", "mine-1", "Traceparent", parent)
		h, line := res.Header, f.line(t)
		if taken := h.Get("X-Request-Id") == "mine-1"; taken != c.taken || h.Get("Onward-Id") != h.Get("X-Request-Id") || line["request_id"] != h.Get("X-Request-Id") {
			t.Errorf("%s: %v, logged %v", name, h, line["request_id"])
		}
		if taken := line["trace_id"] == traceID; taken != c.taken || !strings.HasPrefix(h.Get("Onward-Trace"), "00-"+line["trace_id"].(string)+"-") {
			t.Errorf("%s: trace %v, sent on %s", name, line["trace_id"], h.Get("Onward-Trace"))
		}
		if flags := strings.HasSuffix(h.Get("Onward-Trace"), "-01"); flags != c.taken || strings.Contains(h.Get("Onward-Trace"), "00f067aa0ba902b7") {
			t.Errorf("%s: sent on %s", name, h.Get("Onward-Trace"))
		}
	}
}

func TestStrangeIdentitiesAreNotTaken(t *testing.T) {
	change, routes := onward(loopback, true)
	made := regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-00$`)
	for _, id := range []string{"", "a b", "x\"y", strings.Repeat("a", 65), secret.New(secret.APIKey).Reveal(), "x" + secret.New(secret.AccessToken).Reveal()[:30]} {
		f := serve(t, change, routes)
		res, _ := f.do(t, "GET", "/", "", "X-Request-Id", id)
		if got := res.Header.Get("X-Request-Id"); got == id || got == "" {
			t.Errorf("inbound %q came back as %q", id, got)
		}
	}
	for _, trace := range []string{
		"", "00", "00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01", "00-" + traceID + "-" + strings.Repeat("0", 16) + "-01",
		strings.ToUpper(parent), "ff" + parent[2:], parent + "-x", "0x" + parent[2:], parent[:54], "01" + parent[2:] + "x", strings.Replace(parent, "-", "_", 1),
		"00-" + traceID[1:] + "-00f067aa0ba902b7a-01",
	} {
		f := serve(t, change, routes)
		res, _ := f.do(t, "GET", "/", "", "Traceparent", trace)
		if got := res.Header.Get("Onward-Trace"); !made.MatchString(got) || strings.Contains(got, traceID) {
			t.Errorf("inbound %q went on as %q", trace, got)
		}
	}
	f := serve(t, change, routes)
	res, _ := f.do(t, "GET", "/", "", "Traceparent", "01"+parent[2:]+"-later")
	if got := res.Header.Get("Onward-Trace"); !strings.HasPrefix(got, "00-"+traceID+"-") {
		t.Errorf("a later version went on as %q", got)
	}
	res, _ = f.do(t, "GET", "/", "", "X-Request-Id", "one", "X-Request-Id", "two", "Traceparent", parent, "Traceparent", parent)
	if h := res.Header; h.Get("X-Request-Id") == "one" || strings.Contains(h.Get("Onward-Trace"), traceID) {
		t.Errorf("of two headers one was taken: %v", h)
	}
}

// TestEveryLineInARequestNamesIt, and only once; so do those of work that begins by
// itself.
func TestEveryLineInARequestNamesIt(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	log, flush := httpserver.NewLogger(out, slog.LevelInfo)
	f := serve(t, func(c *httpserver.Chain) { c.Logger, c.TrustedProxies = log, loopback }, func(r *mux.Router) {
		r.Handle("/", api(func(_ http.ResponseWriter, r *http.Request) error {
			log.InfoContext(r.Context(), "inside")
			log.With("k", "v").InfoContext(r.Context(), "named", "request_id", "its own", "client_addr", "its own")
			return nil
		}))
	})
	f.do(t, "GET", "/", "", "X-Request-Id", "mine-1", "Traceparent", parent)
	work := httpserver.Begin(t.Context())
	log.InfoContext(work, "work")
	log.InfoContext(t.Context(), "nothing")
	flush()
	raw, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	for text := range strings.Lines(string(raw)) {
		n := strings.Count(text, `"request_id"`)
		switch {
		case strings.Contains(text, `"nothing"`):
			if n != 0 {
				t.Errorf("%s", text)
			}
		case n != 1, strings.Count(text, `"client_addr"`) > 1:
			t.Errorf("%s", text)
		case strings.Contains(text, `"work"`):
			if !strings.Contains(text, `"request_id":"`+httpserver.RequestID(work)+`"`) {
				t.Errorf("%s", text)
			}
		case strings.Contains(text, `"named"`):
			if !strings.Contains(text, `"request_id":"its own"`) {
				t.Errorf("%s", text)
			}
		case !strings.Contains(text, `"request_id":"mine-1"`), !strings.Contains(text, `"trace_id":"`+traceID+`"`), !strings.Contains(text, `"client_addr":"127.0.0.1"`):
			t.Errorf("%s", text)
		}
	}
	if n := strings.Count(string(raw), "\n"); n != 5 {
		t.Errorf("%d lines:\n%s", n, raw)
	}
}
