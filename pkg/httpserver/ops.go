package httpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"latchkey/pkg/fault"
)

const checkTimeout = 2 * time.Second

// opsHandler serves /metrics, /healthz (the process is alive) and /readyz (what
// it cannot serve without answers, and it is not draining).
func opsHandler(running context.Context, opts Options) http.Handler {
	m := http.NewServeMux()
	if opts.Registry != nil {
		m.Handle("GET /metrics", promhttp.HandlerFor(opts.Registry, promhttp.HandlerOpts{}))
	}
	m.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeHealth(w, http.StatusOK, health{Status: "ok"})
	})
	m.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if running.Err() != nil {
			writeHealth(w, http.StatusServiceUnavailable, health{Status: "draining"})
			return
		}
		status, answer := ready(r.Context(), opts) //nolint:contextcheck // the request asks, not the server
		writeHealth(w, status, answer)
	})
	return m
}

type health struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks,omitempty"`
}

// ready runs all checks at once: "degraded" when an optional one fails, which is
// still ready. Why one failed is for the log.
func ready(ctx context.Context, opts Options) (int, health) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	answer := health{Status: "ok", Checks: map[string]string{}}
	var (
		mu                   sync.Mutex
		wg                   sync.WaitGroup
		unavailable, degrade bool
	)
	run := func(checks map[string]Check, failed *bool) {
		for name, check := range checks {
			wg.Go(func() {
				err := opts.ask(ctx, name, check)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					answer.Checks[name] = "ok"
					return
				}
				*failed, answer.Checks[name] = true, "unavailable"
				opts.Logger.LogAttrs(ctx, slog.LevelWarn, "a check failed", slog.String("check", name), slog.Any("error", err))
			})
		}
	}
	run(opts.Checks, &unavailable)
	run(opts.Optional, &degrade)
	wg.Wait()
	switch {
	case unavailable:
		answer.Status = "unavailable"
		return http.StatusServiceUnavailable, answer
	case degrade:
		answer.Status = "degraded"
	}
	return http.StatusOK, answer
}

func (opts *Options) ask(ctx context.Context, name string, check Check) (err error) {
	defer fault.Recover(ctx, opts.Logger, "the check "+name, func(panicked error) { err = panicked })
	return check(ctx)
}

func writeHealth(w http.ResponseWriter, status int, answer health) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the prober may be gone
}

// Healthcheck asks /readyz of the process that listens on addr (Options.OpsAddr),
// for images without a shell, and returns an error unless the answer is 200.
func Healthcheck(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	url := "http://" + net.JoinHostPort(host, port) + "/readyz"
	ctx, cancel := context.WithTimeout(ctx, 2*checkTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // nothing is read from it
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("healthcheck: %s answered %s", url, res.Status)
	}
	return nil
}
