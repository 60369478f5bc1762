package sso

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

const maxAnswer = 1 << 20 // bytes; a discovery document or key set is a few thousand

// outage is a provider that could not be asked, or could not answer.
type outage struct{ cause error }

func (o *outage) Error() string { return "provider: " + o.cause.Error() }
func (o *outage) Unwrap() error { return o.cause }

var (
	errPrivate  = errors.New("the address is not public")
	errRedirect = errors.New("the provider redirected elsewhere")
	errTooLong  = errors.New("the answer is too long")
)

// newClient returns what a provider is asked with. A provider may name further
// hosts in its discovery document; none of them may be inside our network,
// unless the operator put the provider itself there.
func newClient(issuer *url.URL, timeout time.Duration) *http.Client {
	dial := &net.Dialer{Timeout: timeout}
	public := &net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error {
		host, err := netip.ParseAddrPort(address)
		if err != nil || !isPublic(host.Addr()) {
			return errPrivate
		}
		return nil
	}}
	base := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err == nil && (host == issuer.Hostname() || isLoopback(host) && isLoopback(issuer.Hostname())) {
				return dial.DialContext(ctx, network, address)
			}
			return public.DialContext(ctx, network, address)
		},
		TLSHandshakeTimeout: timeout, ResponseHeaderTimeout: timeout, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 4, ForceAttemptHTTP2: true,
	}
	return &http.Client{
		Timeout: timeout, Transport: bounded{base},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			first := via[0].URL
			if len(via) > 3 || req.URL.Scheme != first.Scheme || req.URL.Host != first.Host {
				return errRedirect
			}
			return nil
		},
	}
}

func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() && !sharedSpace.Contains(a)
}

// sharedSpace is RFC 6598: private in all but name.
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// bounded tells outages from answers. It reads the whole answer, as far as it may
// be long, so that one that stops in the middle is an outage too.
type bounded struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.base.RoundTrip(r)
	if err != nil {
		return nil, &outage{err}
	}
	defer res.Body.Close() //nolint:errcheck // it was read, or is of no interest
	if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
		return nil, &outage{fmt.Errorf("%s answered %d", r.URL.Host, res.StatusCode)}
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errTooLong
	}
	if err != nil {
		return nil, &outage{err}
	}
	whole := *res
	whole.Body = io.NopCloser(bytes.NewReader(body))
	return &whole, nil
}
