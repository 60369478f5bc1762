// Package canary finds out, again and again, how long the resource API accepts what
// was revoked. It asks over HTTP, where everybody asks, through whatever stands in
// front of the replicas.
package canary

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/scope"
)

// Store finds the canary's person. Its methods join the transaction in their
// context.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	FindUserByEmail(ctx context.Context, email string) (*authserver.User, error)
}

// Grants opens and revokes; *grant.Service.
type Grants interface {
	Open(ctx context.Context, o grant.Opening) (*authserver.Tokens, error)
	Revoke(ctx context.Context, text, clientID string) error
}

// Canary is what Run needs.
type Canary struct {
	Store  Store
	Grants Grants
	HTTP   *http.Client
	Logger *slog.Logger
	Now    func() time.Time // with the monotonic clock: it measures

	Email string        // of the account that tokens are made for
	URL   string        // of the resource API, without a trailing slash
	Every time.Duration // between two rounds
	Life  time.Duration // API_CREDENTIAL_LIFE of the resource API
	Poll  time.Duration // 0: pollEvery

	took   prometheus.Histogram
	rounds *prometheus.CounterVec
}

const (
	pollEvery = 50 * time.Millisecond
	// uses is how often a token is used before it is revoked, so that replicas
	// remember it.
	uses = 8
	// patience is how long what was revoked may be accepted until a round gives up.
	patience = 30 * time.Second
)

// The results of a round.
const (
	refused = "refused" // in time
	late    = "late"    // accepted for longer than Life
	failed  = "failed"  // nobody could say
)

// Register makes the canary's metrics.
func (c *Canary) Register(to prometheus.Registerer) {
	c.took = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "latchkey_canary_refused_seconds",
		Help:    "From the answer to a revocation to the first refusal that no acceptance followed, at the resource API.",
		Buckets: []float64{0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30},
	})
	c.rounds = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "latchkey_canary_rounds_total",
		Help: "Tokens that the canary had made and revoked: refused in time, late, or failed because a part did not answer.",
	}, []string{"result"})
	for _, result := range []string{refused, late, failed} {
		c.rounds.WithLabelValues(result)
	}
	to.MustRegister(c.took, c.rounds)
}

// Run makes rounds until ctx ends.
func (c *Canary) Run(ctx context.Context) {
	tick := time.NewTicker(c.Every)
	defer tick.Stop()
	for {
		c.once(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// once makes a round and tells of it.
func (c *Canary) once(ctx context.Context) {
	took, accepted, err := c.round(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		c.rounds.WithLabelValues(failed).Inc()
		c.Logger.LogAttrs(ctx, slog.LevelWarn, "the canary could not find out whether revocations work", slog.Any("error", err))
		return
	case accepted > c.Life:
		c.rounds.WithLabelValues(late).Inc()
		c.Logger.LogAttrs(ctx, slog.LevelError, "the resource API accepted a token for longer than API_CREDENTIAL_LIFE after its revocation",
			slog.String("accepted_after", accepted.Round(time.Millisecond).String()), slog.String("life", c.Life.String()))
	default:
		c.rounds.WithLabelValues(refused).Inc()
	}
	c.took.Observe(took.Seconds())
}

// round makes a token, uses it, revokes it and asks until it is refused, and for as
// long as a replica may still remember it. It returns when it was refused for good,
// and when the last request was sent that was let in, both from the revocation on.
func (c *Canary) round(ctx context.Context) (took, accepted time.Duration, err error) {
	tokens, err := c.token(ctx)
	if err != nil {
		return 0, 0, err
	}
	text := tokens.AccessToken.Reveal()
	revoke := func(ctx context.Context) error {
		return c.Grants.Revoke(ctx, text, authserver.FirstPartyClientID)
	}
	for range uses {
		if status, err := c.ask(ctx, text); err != nil || status != http.StatusOK {
			return 0, 0, errors.Join(fmt.Errorf("a new token was answered with %d", status), err, revoke(context.WithoutCancel(ctx)))
		}
	}
	if err := revoke(ctx); err != nil {
		return 0, 0, err
	}
	return c.watch(ctx, text, c.Now())
}

func (c *Canary) token(ctx context.Context) (tokens *authserver.Tokens, err error) {
	person, err := c.Store.FindUserByEmail(ctx, authserver.NormalizeEmail(c.Email))
	if err != nil {
		return nil, fmt.Errorf("the account of AUTH_CANARY_EMAIL: %w", err)
	}
	err = c.Store.InTx(ctx, func(ctx context.Context) error {
		tokens, err = c.Grants.Open(ctx, grant.Opening{
			ClientID: authserver.FirstPartyClientID, UserID: person.ID, Scopes: scope.Read, Origin: authserver.OriginLogin,
		})
		return err
	})
	return tokens, err
}

// watch asks with what was revoked at from.
func (c *Canary) watch(ctx context.Context, text string, from time.Time) (took, accepted time.Duration, err error) {
	every := c.Poll
	if every == 0 {
		every = pollEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	isRefused, enough := false, c.Life+c.Life/2
	for {
		asked := c.Now()
		status, err := c.ask(ctx, text)
		since := asked.Sub(from)
		switch {
		case err == nil && status == http.StatusOK:
			isRefused, accepted = false, since
		case err == nil && status == http.StatusUnauthorized && !isRefused:
			isRefused, took = true, c.Now().Sub(from)
		}
		switch {
		case isRefused && since >= enough:
			return took, accepted, nil
		case since >= patience && accepted > c.Life:
			return since, accepted, nil
		case since >= patience:
			return 0, 0, fmt.Errorf("a revoked token was neither accepted nor refused: %w", errors.Join(err, fmt.Errorf("status %d", status)))
		}
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-tick.C:
		}
	}
}

// ask uses a token at the resource API.
func (c *Canary) ask(ctx context.Context, text string) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(c.URL, "/")+"/api/v1/usage", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+text)
	res, err := c.HTTP.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()                                       //nolint:errcheck // read to its end
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection is kept
	return res.StatusCode, nil
}
