package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"latchkey/pkg/cache"
)

const maxDocument = 64 << 10 // bytes of a metadata document

// document is what a running service answered.
type document struct {
	status  int
	text    string // of the status
	cookies []*http.Cookie
	body    []byte
}

// get reads a document of a running service. Redirects are not followed.
func get(ctx context.Context, url string) (*document, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("doctor: %w", err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("doctor: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // only ever read from
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxDocument))
	if err != nil {
		return nil, fmt.Errorf("doctor: %w", err)
	}
	return &document{res.StatusCode, res.Status, res.Cookies(), raw}, nil
}

// Metadata is what is read of the authorization server's metadata (RFC 8414, with
// RFC 9728 section 4).
type Metadata struct {
	Issuer    string   `json:"issuer"`
	Resources []string `json:"protected_resources"`
}

// CheckIssuer fetches the metadata of the authorization server at issuer, as clients
// do, and compares what it calls itself. It returns nil where there is none.
func (r *Report) CheckIssuer(ctx context.Context, setting, issuer string) *Metadata {
	const check = "issuer"
	at := issuer + "/.well-known/oauth-authorization-server"
	page, err := get(ctx, at)
	if err != nil {
		r.Fail(check, "Nobody answers at %s (%s): start authserver, let its name lead to it or to its proxy, or correct %s. %v", issuer, at, setting, Reason(err))
		return nil
	}
	var said Metadata
	switch err := json.Unmarshal(page.body, &said); {
	case page.status != http.StatusOK || err != nil:
		r.Fail(check, "%s is answered with %s and is no metadata of an authorization server: let the proxy lead there to authserver, or correct %s.", at, page.text, setting)
		return nil
	case said.Issuer != issuer:
		r.Fail(check, "The server at %s calls itself %s: %s there and AUTH_ISSUER must be one address.", issuer, said.Issuer, setting)
		return nil
	}
	r.OK(check, "%s answers and calls itself so.", issuer)
	return &said
}

// Reason is err without who asked and what for.
func Reason(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}

// CheckCookies asks for the page people sign in at, whose cookies must not travel in
// clear.
func (r *Report) CheckCookies(ctx context.Context, issuer string) {
	const check = "cookies"
	if !strings.HasPrefix(issuer, "https://") {
		if host := strings.TrimPrefix(issuer, "http://"); strings.HasPrefix(host, "127.0.0.1") || strings.HasPrefix(host, "localhost") || strings.HasPrefix(host, "[::1]") {
			r.OK(check, "Cookies travel in clear, on this machine only.")
			return
		}
		r.Fail(check, "Cookies and passwords travel in clear: put a proxy that speaks TLS in front and set AUTH_ISSUER to its https address.")
		return
	}
	page, err := get(ctx, issuer+"/signin")
	if err != nil {
		r.Warn(check, "The page to sign in at cannot be looked at: %v", Reason(err))
		return
	}
	for _, c := range page.cookies {
		if !c.Secure || !strings.HasPrefix(c.Name, "__Host-") {
			r.Fail(check, "The cookie %s of %s/signin is not secure: the server that answers there has another AUTH_ISSUER, or the proxy changes its cookies.", c.Name, issuer)
			return
		}
	}
	r.OK(check, "Cookies are sent over https only.")
}

const (
	announceEvery = 15 * time.Second
	announcedFor  = time.Minute
)

func announcement(service, issuer string) string { return "running:" + service + ":" + issuer }

// Announce leaves word in the shared store s that service runs, until ctx ends, so
// that the other service of the same issuer can find out whether both share one.
func Announce(ctx context.Context, s cache.Store, service, issuer string) {
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	for {
		if err := s.Set(ctx, announcement(service, issuer), []byte("here"), announcedFor); err != nil {
			slog.DebugContext(ctx, "no word is left in Redis", "error", err) // readiness says that Redis is away
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// CheckShared looks for the word of the other service, which runs, in our Redis.
func (r *Report) CheckShared(ctx context.Context, s cache.Store, other, issuer string) {
	const check = "shared redis"
	word, _, err := s.Get(ctx, announcement(other, issuer))
	switch {
	case err != nil:
		r.Warn(check, "Redis cannot be asked whether %s uses it too.", other)
	case len(word) == 0:
		r.Fail(check, "A running %s has left no word in this Redis for a minute: give AUTH_REDIS_URL and API_REDIS_URL the same server and database, "+
			"or changes are seen late and limits count twice.", other)
	default:
		r.OK(check, "%s uses this Redis too.", other)
	}
}

// Reachable reports whether something answers at url with 200.
func Reachable(ctx context.Context, url string) bool {
	page, err := get(ctx, url)
	return err == nil && page.status == http.StatusOK
}
