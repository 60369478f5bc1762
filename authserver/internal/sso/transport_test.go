package sso

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
	"time"
)

func TestPrivateAddressesAreRefused(t *testing.T) {
	for address, public := range map[string]bool{
		"127.0.0.1": false, "::1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "::ffff:10.0.0.1": false, "fe80::1": false, "fd00::1": false, "0.0.0.0": false, "224.0.0.1": false,
		"8.8.8.8": true, "2001:4860:4860::8888": true,
	} {
		if isPublic(netip.MustParseAddr(address)) != public {
			t.Errorf("%s public: %v", address, !public)
		}
	}
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "secret") }))
	t.Cleanup(inside.Close)
	issuer, _ := url.Parse("https://id.example")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, inside.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newClient(issuer, time.Second).Do(req); !errors.Is(err, errPrivate) {
		t.Errorf("a host inside was asked for a provider outside: %v", err)
	}
}

func TestLongAnswersAreOutages(t *testing.T) {
	long := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2*maxAnswer)) }))
	t.Cleanup(long.Close)
	issuer, _ := url.Parse(long.URL)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, long.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newClient(issuer, time.Second).Do(req); !isOutage(err) || !errors.Is(err, errTooLong) {
		t.Errorf("%v", err)
	}
}
