package httpserver_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/httpserver"
)

func TestRunServesAndDrains(t *testing.T) {
	var broken, worse atomic.Bool
	entered, release := make(chan struct{}), make(chan struct{})
	addrs := make(chan [2]string, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- httpserver.Run(ctx, httpserver.Options{
			Addr: "127.0.0.1:0", OpsAddr: "127.0.0.1:0", Registry: prometheus.NewRegistry(),
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				close(entered)
				<-release
				_, _ = io.WriteString(w, "done")
			}),
			Checks: map[string]httpserver.Check{"database": func(context.Context) error {
				if broken.Load() {
					panic("the password is hunter2")
				}
				return nil
			}},
			Optional: map[string]httpserver.Check{"cache": func(context.Context) error {
				if worse.Load() {
					return errors.New("read-only")
				}
				return nil
			}},
			Logger: slog.New(slog.DiscardHandler), Drain: 5 * time.Second,
			Listening: func(addr, ops string) { addrs <- [2]string{addr, ops} },
		})
	}()
	bound := <-addrs
	if err := httpserver.Healthcheck(ctx, bound[1]); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]int{"/healthz": 200, "/metrics": 200, "/other": 404} {
		if got, _ := get(t, "http://"+bound[1]+path); got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
	worse.Store(true)
	if status, body := get(t, "http://"+bound[1]+"/readyz"); status != 200 || !strings.Contains(body, `"degraded"`) || !strings.Contains(body, `"cache":"unavailable"`) {
		t.Errorf("D5, the cache is away: %d %s", status, body)
	}
	broken.Store(true)
	if status, body := get(t, "http://"+bound[1]+"/readyz"); status != 503 || strings.Contains(body, "hunter2") {
		t.Errorf("broken: %d %s", status, body)
	}
	if err := httpserver.Healthcheck(ctx, bound[1]); err == nil {
		t.Error("the health check passed")
	}
	answer := make(chan string, 1)
	go func() {
		_, body := get(t, "http://"+bound[0]+"/")
		answer <- body
	}()
	<-entered
	cancel()
	close(release)
	if got := <-answer; got != "done" {
		t.Errorf("the running request got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url) //nolint:noctx,gosec // a test of our own listener
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	var b bytes.Buffer
	_, _ = b.ReadFrom(res.Body)
	return res.StatusCode, b.String()
}

func TestRunSaysWhyItCannotListen(t *testing.T) {
	err := httpserver.Run(t.Context(), httpserver.Options{Addr: "127.0.0.1:99999", Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		t.Error("no error")
	}
}

func TestNewLoggerWritesEveryLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	out, err := os.Create(path) //nolint:gosec // a test's own folder
	if err != nil {
		t.Fatal(err)
	}
	log, flush := httpserver.NewLogger(out, slog.LevelInfo)
	done := make(chan struct{})
	for range 4 {
		go func() {
			for range 1000 {
				log.Info("line")
			}
			done <- struct{}{}
		}()
	}
	for range 4 {
		<-done
	}
	flush()
	raw, err := os.ReadFile(path) //nolint:gosec // a test's own folder
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(raw, []byte("\n")); n != 4000 {
		t.Errorf("%d lines", n)
	}
}
