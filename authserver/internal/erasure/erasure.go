// Package erasure tells the resource API that a family is gone, so that it
// erases what it holds of it.
package erasure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/pkg/httpserver"
)

// Client calls the resource API's internal endpoint.
type Client struct {
	base   string
	secret string
	http   *http.Client
}

// New returns a client for the resource API at base, authenticated by secret.
func New(base, secret string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("erasure: the address of the resource API must be an http or https URL")
	}
	return &Client{
		base: strings.TrimRight(base, "/"), secret: secret,
		http: &http.Client{
			Timeout:       30 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the secret stays with the host it is for
		},
	}, nil
}

// EraseFamily asks for everything of a family to be erased. A family that is
// gone already is no error. Any other answer is one, to be tried again.
func (c *Client) EraseFamily(ctx context.Context, familyID string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, c.base+"/internal/families/"+url.PathEscape(familyID), nil)
	if err != nil {
		return fmt.Errorf("erasure: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.secret)
	httpserver.Continue(ctx, req.Header)
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("erasure: %w", err)
	}
	defer res.Body.Close()                                     //nolint:errcheck // nothing is read that could be lost
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4096)) // only to keep the connection
	switch res.StatusCode {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent, http.StatusGone:
		return nil
	}
	return fmt.Errorf("erasure: the resource API answered %d", res.StatusCode)
}
