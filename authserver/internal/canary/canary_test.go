package canary_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/authserver"
	"latchkey/authserver/internal/canary"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/secret"
)

// api is a resource API that accepts a token for a while after its revocation.
type api struct {
	accepts time.Duration
	status  int // instead; 0: none
	revoked atomic.Pointer[time.Time]
	asked   atomic.Int64
}

func (a *api) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked.Add(1)
	answer := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}
	at := a.revoked.Load()
	switch {
	case !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer oat_") || r.URL.Path != "/api/v1/usage":
		answer.StatusCode = http.StatusBadRequest
	case at != nil && time.Since(*at) > a.accepts:
		answer.StatusCode = http.StatusUnauthorized
	}
	if a.status != 0 {
		answer.StatusCode = a.status
	}
	return answer, nil
}

// Open, Revoke, InTx and FindUserByEmail: the authorization server of the same tokens.
func (a *api) Open(_ context.Context, o grant.Opening) (*authserver.Tokens, error) {
	if o.UserID != "u" || o.ClientID != authserver.FirstPartyClientID {
		return nil, errors.New("a token for somebody else")
	}
	a.revoked.Store(nil)
	return &authserver.Tokens{AccessToken: secret.New(secret.AccessToken)}, nil
}

func (a *api) Revoke(context.Context, string, string) error {
	now := time.Now()
	a.revoked.Store(&now)
	return nil
}

func (a *api) InTx(ctx context.Context, fn func(ctx context.Context) error) error { return fn(ctx) }

func (a *api) FindUserByEmail(_ context.Context, email string) (*authserver.User, error) {
	if email != "canary@example.com" {
		return nil, errors.New("nobody has the address")
	}
	return &authserver.User{ID: "u"}, nil
}

// rounds runs a canary for a time and returns its results and how long refusals took
// altogether.
func rounds(t *testing.T, a *api, email string, run time.Duration) (results map[string]float64, took float64) {
	t.Helper()
	reg := prometheus.NewRegistry()
	c := &canary.Canary{
		Store: a, Grants: a, HTTP: &http.Client{Transport: a}, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		Email: email, URL: "http://api.example/", Every: time.Hour, Life: time.Second,
	}
	c.Register(reg)
	ctx, stop := context.WithTimeout(t.Context(), run)
	defer stop()
	c.Run(ctx)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	results = map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if m.GetHistogram() != nil {
				took = m.GetHistogram().GetSampleSum()
				continue
			}
			results[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
		}
	}
	return results, took
}

// TestARoundEndsAsTheAPIAnswers: in time, late, or with nothing to say. The clock is
// that of the test.
func TestARoundEndsAsTheAPIAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		api   *api
		email string
		want  string
		least float64 // seconds until it was refused
	}{
		"at once":      {&api{}, "Canary@example.com", "refused", 0},
		"in time":      {&api{accepts: 900 * time.Millisecond}, "canary@example.com", "refused", 0.9},
		"late":         {&api{accepts: 5 * time.Second}, "canary@example.com", "late", 5},
		"never":        {&api{accepts: time.Hour}, "canary@example.com", "late", 30},
		"API away":     {&api{status: 503}, "canary@example.com", "failed", 0},
		"account away": {&api{}, "nobody@example.com", "failed", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				results, took := rounds(t, c.api, c.email, 59*time.Minute)
				want := map[string]float64{"refused": 0, "late": 0, "failed": 0}
				want[c.want] = 1
				for result, n := range want {
					if results[result] != n {
						t.Errorf("%s: %v, not %v", result, results[result], n)
					}
				}
				if took < c.least || took > c.least+0.2 {
					t.Errorf("refused after %.2f s, not %.2f", took, c.least)
				}
			})
		})
	}
}

// TestATokenThatDoesNotWorkIsRevoked too: none is left behind.
func TestATokenThatDoesNotWorkIsRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &api{status: http.StatusForbidden}
		rounds(t, a, "canary@example.com", time.Minute)
		if a.revoked.Load() == nil || a.asked.Load() != 1 {
			t.Errorf("revoked %v, asked %d times", a.revoked.Load(), a.asked.Load())
		}
	})
}
