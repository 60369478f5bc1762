package clientdoc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/pkg/fault"
)

func TestS46_OnlyPublicAddresses(t *testing.T) {
	for _, text := range []string{"8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"} {
		if !public(netip.MustParseAddr(text)) {
			t.Errorf("%s is refused", text)
		}
	}
	for _, text := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "100::1", "::7f00:1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "fec0::1", "3fff::1", "5f00::1",
	} {
		if public(netip.MustParseAddr(text)) {
			t.Errorf("%s is called public", text)
		}
	}
	if public(netip.MustParseAddr("2606:4700::1111%eth0")) || public(netip.Addr{}) {
		t.Error("an address with a zone, or none, is called public")
	}
}

func TestIDs(t *testing.T) {
	for _, good := range []string{"https://app.example/client.json", "https://app.example:8443/a/b?c=d", "https://127.0.0.1/x"} {
		if _, err := parseID(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"https://app.example", "https://app.example/", "http://app.example/x", "https://u@app.example/x", "https://u:p@app.example/x", "https://app.example/x#y", "https://app.example/x#",
		"https://app.example/../x", "https://app.example/./x", "https://app.example/%2e%2e/x", "https:///x", "https:x", "https://app.example\\@evil.example/x",
		"https://App.example/x", "https://app.example./x", "https://app.example:443/x", "https://app.example:/x", "https://app.example:08443/x",
		"https://b%C3%BCcher.example/x", "https://[2001:0db8::1]/x", "https://app.example/ x", "https://app.example/é", "https://app.example/" + strings.Repeat("x", maxID), "",
	} {
		if _, err := parseID(bad); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

// names answers look-ups from a list, one after the other.
type names struct {
	mu      sync.Mutex
	answers [][]string
	asked   int
}

func (n *names) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.answers) == 0 {
		return nil, errors.New("no such host")
	}
	answer := n.answers[min(n.asked, len(n.answers)-1)]
	n.asked++
	var addrs []netip.Addr
	for _, text := range answer {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	return addrs, nil
}

const id = "https://app.example/client.json"

func document(more string) string {
	return `{"client_id":"` + id + `","client_name":"An assistant","redirect_uris":["http://localhost:3000/cb"],"token_endpoint_auth_method":"none","newer":{"x":1}` + more + `}`
}

// host is a web server that is reached whatever address is dialled.
type host struct {
	*Documents
	names  *names
	dialed []string
	asked  atomic.Int32
	answer atomic.Value // func(w http.ResponseWriter, r *http.Request)
	now    atomic.Int64
}

func newHost(t *testing.T, answers ...[]string) *host {
	t.Helper()
	h := &host{names: &names{answers: answers}}
	h.now.Store(time.Now().Unix())
	h.says(document(""))
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked.Add(1)
		h.answer.Load().(func(http.ResponseWriter, *http.Request))(w, r) //nolint:forcetypeassert // nothing else is stored
	}))
	t.Cleanup(server.Close)
	h.Documents = New(Options{
		Resolver: h.names, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Unix(h.now.Load(), 0) },
	})
	h.fetcher.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		h.dialed = append(h.dialed, address)
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	h.fetcher.tls = &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"} //nolint:forcetypeassert,gosec // httptest's own
	return h
}

func (h *host) says(body string, headers ...string) {
	h.answer.Store(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		_, _ = w.Write([]byte(body))
	})
}

func (h *host) later(d time.Duration) { h.now.Add(int64(d / time.Second)) }

// What a name means is asked once, and only that is dialled.
func TestS46_TheAddressIsPinned(t *testing.T) {
	h := newHost(t, []string{"93.184.216.34"}, []string{"127.0.0.1"})
	c, err := h.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if h.names.asked != 1 || fmt.Sprint(h.dialed) != "[93.184.216.34:443]" {
		t.Errorf("asked %d times, dialled %v", h.names.asked, h.dialed)
	}
	if c.ID != id || !c.Public() || c.Name != "An assistant" || c.Introduced != "document" || !c.AcceptsRedirect("http://localhost:9/cb") {
		t.Errorf("%+v", c)
	}
}

func TestS46_APrivateAddressIsNeverDialled(t *testing.T) {
	for _, answer := range [][]string{{"127.0.0.1"}, {"93.184.216.34", "10.0.0.1"}, {"::ffff:169.254.169.254"}, {"64:ff9b::7f00:1"}, {"fe80::1"}} {
		h := newHost(t, answer)
		_, err := h.Find(t.Context(), id)
		if _, refused := errors.AsType[*Refusal](err); !refused || len(h.dialed) != 0 || h.asked.Load() != 0 {
			t.Errorf("%v: %v, dialled %v", answer, err, h.dialed)
		}
	}
	h := newHost(t)
	for _, literal := range []string{"https://127.0.0.1/x", "https://[::1]/x", "https://[::ffff:127.0.0.1]/x", "https://[64:ff9b::7f00:1]/x", "https://169.254.169.254/x", "https://[fe80::1%25eth0]/x"} {
		if _, err := h.Find(t.Context(), literal); err == nil || len(h.dialed) != 0 {
			t.Errorf("%s: %v, dialled %v", literal, err, h.dialed)
		}
	}
}

func TestDocumentsThatAreRefused(t *testing.T) {
	for what, c := range map[string]struct {
		body    string
		headers []string
	}{
		"another id":        {strings.Replace(document(""), id, "https://other.example/client.json", 1), nil},
		"a secret":          {document(`,"client_secret":"x"`), nil},
		"a secret method":   {strings.Replace(document(""), `"none"`, `"client_secret_basic"`, 1), nil},
		"keys only":         {strings.Replace(document(""), `"none"`, `"private_key_jwt"`, 1), nil},
		"no redirect URI":   {`{"client_id":"` + id + `"}`, nil},
		"a bad redirect":    {strings.Replace(document(""), "http://localhost:3000/cb", "javascript:alert(1)", 1), nil},
		"no object":         {"[]", nil},
		"not JSON":          {"<html>", nil},
		"another type":      {document(""), []string{"Content-Type", "text/html"}},
		"too large":         {document(`,"x":"` + strings.Repeat("x", maxDocument) + `"`), nil},
		"a wrong member":    {strings.Replace(document(""), `"An assistant"`, `7`, 1), nil},
		"a long name":       {strings.Replace(document(""), "An assistant", strings.Repeat("x", 200), 1), nil},
		"nothing":           {"", nil},
		"a name with bidi":  {strings.Replace(document(""), "An assistant", "x\u202ey", 1), nil},
		"a fragment":        {strings.Replace(document(""), "3000/cb", "3000/cb#x", 1), nil},
		"no response types": {document(`,"response_types":["token"]`), nil},
	} {
		h := newHost(t, []string{"93.184.216.34"})
		h.says(c.body, c.headers...)
		_, err := h.Find(t.Context(), id)
		if _, refused := errors.AsType[*Refusal](err); !refused {
			t.Errorf("%s: %v", what, err)
		}
	}
	for status, want := range map[int]bool{301: true, 302: true, 307: true, 404: true, 410: true, 500: false, 503: false, 429: false} {
		h := newHost(t, []string{"93.184.216.34"})
		h.answer.Store(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(status)
		})
		_, err := h.Find(t.Context(), id)
		if _, refused := errors.AsType[*Refusal](err); refused != want || !want && !fault.Is(err, fault.Unavailable) || h.asked.Load() != 1 {
			t.Errorf("%d: %v after %d requests", status, err, h.asked.Load())
		}
	}
	accepted := newHost(t, []string{"93.184.216.34"})
	accepted.says(strings.Replace(document(`,"grant_types":["authorization_code","unknown"],"token_endpoint_auth_methods_supported":["private_key_jwt","none"]`), `"none","newer"`, `"private_key_jwt","newer"`, 1))
	if _, err := accepted.Find(t.Context(), id); err != nil {
		t.Errorf("unknown grant types, and none among the methods: %v", err)
	}
}

// A document is remembered as its headers say, but for a minute and not longer than a
// day; one that cannot be fetched again is still the one that was.
func TestDocumentsAreRemembered(t *testing.T) {
	for header, life := range map[string]time.Duration{
		"no-store": time.Minute, "max-age=5": time.Minute, "public, max-age=3600": time.Hour, "max-age=99999999": 24 * time.Hour, "": 15 * time.Minute,
	} {
		h := newHost(t, []string{"93.184.216.34"})
		h.says(document(""), "Cache-Control", header)
		find := func() {
			t.Helper()
			if _, err := h.Find(t.Context(), id); err != nil {
				t.Errorf("%q: %v", header, err)
			}
		}
		find()
		h.later(life - time.Second)
		find()
		if h.asked.Load() != 1 {
			t.Errorf("%q: asked %d times within its life", header, h.asked.Load())
		}
		h.later(2 * time.Second)
		h.answer.Store(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
		find()
		if h.asked.Load() != 2 {
			t.Errorf("%q: asked %d times after its life", header, h.asked.Load())
		}
		h.later(48 * time.Hour)
		if _, err := h.Find(t.Context(), id); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%q: long after: %v", header, err)
		}
	}
}

// Concurrent callers share a fetch, and an origin is asked a few times a minute.
func TestFetchesAreSharedAndRationed(t *testing.T) {
	h := newHost(t, []string{"93.184.216.34"})
	release := make(chan struct{})
	h.answer.Store(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(document("")))
	})
	var running sync.WaitGroup
	var failed atomic.Int32
	for range 20 {
		running.Go(func() {
			if _, err := h.Find(t.Context(), id); err != nil {
				failed.Add(1)
			}
		})
	}
	close(release)
	running.Wait()
	if h.asked.Load() != 1 || failed.Load() != 0 {
		t.Errorf("20 callers made %d fetches, %d failed", h.asked.Load(), failed.Load())
	}
	limited := 0
	for i := range 30 {
		if _, err := h.Find(t.Context(), fmt.Sprintf("https://app.example/spray/%d", i)); fault.Is(err, fault.RateLimited) {
			limited++
		}
	}
	if got := h.asked.Load(); got > perMinute || limited < 20 {
		t.Errorf("30 addresses of one origin made %d fetches, %d were refused", got, limited)
	}
}

// defect is a resolver that panics.
type defect struct{}

func (defect) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) { panic("a defect") }

// A fetch is nobody's request: what panics in it must not end the process.
func TestAFetchThatPanics(t *testing.T) {
	h := newHost(t, []string{"93.184.216.34"})
	h.fetcher.resolver = defect{}
	if _, err := h.Find(t.Context(), id); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	h.fetcher.resolver = h.names
	if _, err := h.Find(t.Context(), id); err != nil {
		t.Errorf("the next fetch: %v", err)
	}
}
