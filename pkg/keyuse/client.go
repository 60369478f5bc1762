package keyuse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"latchkey/pkg/httpserver"
)

const clientTimeout = 5 * time.Second

// Client reports to the authorization server as a resource server.
type Client struct {
	endpoint, id string
	secret       atomic.Pointer[string]
	http         *http.Client
}

// NewClient returns a Client that reports to the authorization server whose
// introspection endpoint is given, with the same credential.
func NewClient(introspectionEndpoint, id, secret string) (*Client, error) {
	u, err := url.Parse(introspectionEndpoint)
	if err != nil || u.Host == "" {
		return nil, errors.New("keyuse: the introspection endpoint is not an absolute URL")
	}
	u.Path, u.RawPath, u.RawQuery, u.Fragment = Path, "", "", ""
	c := &Client{
		endpoint: u.String(), id: id,
		http: &http.Client{
			Timeout: clientTimeout,
			// A redirect would carry our secret to wherever it points.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.Renew(secret)
	return c, nil
}

// Renew makes secret the one of the reports from now on.
func (c *Client) Renew(secret string) { c.secret.Store(&secret) }

// Report is a Sink.
func (c *Client) Report(ctx context.Context, report Report) error {
	body, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("keyuse: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("keyuse: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	httpserver.InjectTrace(ctx, req.Header, nil)
	req.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(*c.secret.Load())) // RFC 6749 section 2.3.1
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("keyuse: %w", err)
	}
	defer func() { _ = res.Body.Close() }()                      // only ever read from
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // lets the connection be used again
	switch res.StatusCode {
	case http.StatusNoContent:
		return nil
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: the authorization server answered %d", ErrRefused, res.StatusCode)
	default:
		return fmt.Errorf("keyuse: the authorization server answered %d", res.StatusCode)
	}
}

// Close gives idle connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }
