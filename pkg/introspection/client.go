package introspection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/cache"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
	"latchkey/pkg/span"
)

// Introspector says what a credential is good for. An error means nobody could
// say; it is a fault.Unavailable with RetryAfter, and the request must be
// refused.
type Introspector interface {
	Introspect(ctx context.Context, credential secret.Token) (Answer, error)
}

const (
	defaultTimeout = 3 * time.Second
	maxAnswer      = 64 << 10 // bytes
	maxConns       = 64
)

// ClientOptions describe the authorization server to a Client.
type ClientOptions struct {
	Endpoint string // absolute URL of the introspection endpoint
	ID       string // of the resource server
	Secret   string // of the resource server
	Timeout  time.Duration
	Now      func() time.Time // required
	Logger   *slog.Logger     // required

	Registerer prometheus.Registerer // nil: no metrics
}

// Client asks the authorization server (RFC 7662).
type Client struct {
	opts    ClientOptions
	secret  atomic.Pointer[string]
	http    *http.Client
	breaker *cache.Breaker
}

// NewClient returns a Client; it does not connect.
func NewClient(opts ClientOptions) (*Client, error) {
	u, err := url.Parse(opts.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("introspection: the endpoint %q is not an absolute http(s) URL", opts.Endpoint)
	}
	if opts.Now == nil || opts.Logger == nil {
		return nil, errors.New("introspection: ClientOptions.Now and Logger are required")
	}
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	breaker := &cache.Breaker{Now: opts.Now}
	if opts.Registerer != nil {
		breaker.Register(opts.Registerer, "authserver")
	}
	c := &Client{
		opts: opts, breaker: breaker,
		http: &http.Client{
			// A redirect would carry our secret to wherever it points.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				DialContext:         (&net.Dialer{Timeout: time.Second, KeepAlive: 15 * time.Second}).DialContext,
				TLSHandshakeTimeout: 2 * time.Second,
				MaxIdleConns:        maxConns,
				MaxIdleConnsPerHost: maxConns,
				MaxConnsPerHost:     maxConns,
				IdleConnTimeout:     time.Minute,
				ForceAttemptHTTP2:   true,
			},
		},
	}
	c.Renew(opts.Secret)
	return c, nil
}

// Renew makes secret the one of the requests from now on.
func (c *Client) Renew(secret string) { c.secret.Store(&secret) }

// Introspect implements Introspector.
func (c *Client) Introspect(ctx context.Context, credential secret.Token) (Answer, error) {
	if !c.breaker.Allow() {
		return Answer{}, away(errors.New("introspection: the authorization server is away"))
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	a, err := c.ask(ctx, credential)
	if !errors.Is(err, context.Canceled) { // a caller who left says nothing about the server
		c.breaker.Report(err == nil)
	}
	if err != nil {
		return Answer{}, away(err)
	}
	return a, nil
}

func (c *Client) ask(ctx context.Context, credential secret.Token) (answer Answer, err error) {
	asking := span.Start(ctx, "introspect", span.Attr{Key: "http.request.method", Value: http.MethodPost})
	defer func() { asking.End(err) }()
	form := "token=" + url.QueryEscape(credential.Reveal()) + "&reason=true"
	if from := httpserver.ClientAddr(ctx); from.IsValid() {
		form += "&used_from=" + url.QueryEscape(from.String()) // an extension of ours: where the credential is being used
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.opts.Endpoint, strings.NewReader(form))
	if err != nil {
		return Answer{}, fmt.Errorf("introspection: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	httpserver.InjectTrace(ctx, req.Header, asking)
	// Asking twice does no harm: lets the transport repeat a request that met a
	// connection closed by a restart. An empty value is not sent.
	req.Header["X-Idempotency-Key"] = []string{}
	req.SetBasicAuth(url.QueryEscape(c.opts.ID), url.QueryEscape(*c.secret.Load())) // RFC 6749 section 2.3.1
	res, err := c.http.Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("introspection: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // only ever read from
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return Answer{}, fmt.Errorf("introspection: read the answer: %w", err)
	}
	if res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden {
		c.opts.Logger.LogAttrs(ctx, slog.LevelError, "the authorization server refuses this resource server's credential: nobody can be let in",
			slog.String("client_id", c.opts.ID), slog.Int("status", res.StatusCode))
	}
	if res.StatusCode != http.StatusOK {
		return Answer{}, fmt.Errorf("introspection: the authorization server answered %d", res.StatusCode)
	}
	if len(body) > maxAnswer {
		return Answer{}, errors.New("introspection: the answer is too large")
	}
	return Decode(body)
}

// Decode reads an introspection answer. An inactive one keeps nothing but its
// reason, whatever else was in it.
func Decode(body []byte) (Answer, error) {
	var a Answer
	if err := json.Unmarshal(body, &a); err != nil {
		return Answer{}, fmt.Errorf("introspection: decode the answer: %w", err)
	}
	if !a.Active {
		return Answer{Reason: a.Reason}, nil
	}
	return a, nil
}

// Close gives idle connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func away(cause error) error {
	return fault.Wrap(fault.Unavailable, cause, "The service is temporarily unavailable. Try again later.").
		WithRetryAfter(time.Second)
}
