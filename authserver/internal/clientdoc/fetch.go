package clientdoc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	maxDocument  = 64 << 10 // bytes
	maxHeader    = 16 << 10 // bytes
)

// Refusal says why a document cannot be used, for the application's developer.
type Refusal struct{ Why string }

// Error says why.
func (r *Refusal) Error() string { return "clientdoc: refused: " + r.Why }

func refusal(why string) error { return &Refusal{why} }

// Resolver resolves host names. net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

type fetcher struct {
	resolver Resolver
	networks []netip.Prefix // that the operator allows besides the public ones
	tls      *tls.Config    // nil: the system's roots
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
}

// fetched is what came.
type fetched struct {
	body []byte
	life time.Duration // that its headers give it; negative: they say nothing
}

// wanted is what an answer must be.
type wanted struct {
	what   string                  // for refusals
	accept string                  // of the request
	is     func(media string) bool // of a Content-Type
	kinds  string                  // for refusals: what is allows
	most   int64                   // bytes
}

// fetch gets what is at u. The host is resolved once, each of its addresses
// must be allowed, and the connection goes to one of these: what the name means a
// moment later does not matter.
func (f *fetcher) fetch(ctx context.Context, u *url.URL, want wanted, now time.Time) (*fetched, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	addrs, err := f.resolve(ctx, u.Hostname())
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives: true, DisableCompression: true, TLSClientConfig: f.tls, MaxResponseHeaderBytes: maxHeader,
			DialContext: func(ctx context.Context, network, _ string) (conn net.Conn, err error) {
				for _, addr := range addrs {
					if conn, err = f.dial(ctx, network, net.JoinHostPort(addr.String(), port)); err == nil {
						return conn, nil
					}
				}
				return nil, err
			},
		},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("clientdoc: %w", err)
	}
	req.Header.Set("Accept", want.accept)
	req.Header.Set("User-Agent", "Latchkey")
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("clientdoc: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // only ever read from
	return want.read(res, now)
}

func (want wanted) read(res *http.Response, now time.Time) (*fetched, error) {
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return nil, refusal(want.what + " is answered with a redirect")
	case res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests:
		return nil, fmt.Errorf("clientdoc: answered %d", res.StatusCode)
	case res.StatusCode != http.StatusOK:
		return nil, refusal(want.what + " is answered with status " + strconv.Itoa(res.StatusCode))
	}
	media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || !want.is(media) {
		return nil, refusal(want.what + " is not " + want.kinds)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, want.most+1))
	if err == nil { // a host that hears that we give up may end what it was sending
		err = res.Request.Context().Err()
	}
	if err != nil {
		return nil, fmt.Errorf("clientdoc: %w", err)
	}
	if int64(len(body)) > want.most {
		return nil, refusal(want.what + " is larger than " + strconv.FormatInt(want.most>>10, 10) + " KB")
	}
	return &fetched{body: body, life: freshness(res.Header, now)}, nil
}

// resolve returns the addresses of host, all of which are allowed.
func (f *fetcher) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	addrs := []netip.Addr{}
	if addr, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, addr)
	} else if addrs, err = f.resolver.LookupNetIP(ctx, "ip", host); err != nil {
		return nil, fmt.Errorf("clientdoc: %w", err)
	}
	if len(addrs) == 0 {
		return nil, errors.New("clientdoc: the host has no address")
	}
	for _, addr := range addrs {
		if !public(addr) && !contains(f.networks, embedded(addr)) {
			return nil, refusal("its host is not on the public internet")
		}
	}
	return addrs, nil
}

// freshness is the life that the headers of an answer give it (RFC 9111 section
// 4.2); negative: they say nothing.
func freshness(h http.Header, now time.Time) time.Duration {
	age, _ := strconv.Atoi(h.Get("Age"))
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			if seconds, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil {
				return time.Duration(min(max(0, seconds-age), 86400*365)) * time.Second
			}
		}
	}
	if end, err := http.ParseTime(h.Get("Expires")); err == nil {
		return max(0, end.Sub(now))
	}
	return -1
}
