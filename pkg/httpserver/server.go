package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Check reports whether something the service needs answers.
type Check func(ctx context.Context) error

// Options describe a service to Run.
type Options struct {
	Addr     string               // public listener; port 0 picks a free one
	OpsAddr  string               // metrics and health; empty: no second listener
	Handler  http.Handler         // the public routes, chain included
	Registry *prometheus.Registry // what /metrics shows; nil: nothing
	Checks   map[string]Check     // what the service cannot serve without; /readyz asks, by name
	Optional map[string]Check     // what it serves without, but worse
	Logger   *slog.Logger         // required
	Timeout  time.Duration        // of the handler, as its Chain has it; 0: 15 s
	Leave    time.Duration        // how long after ctx ends connections are still taken, so that proxies hear of it before they are refused
	Drain    time.Duration        // how long requests may finish after that; 0: 10 s
	// Listening, if set, is called once with the bound addresses.
	Listening func(addr, opsAddr string)
}

// Run listens until ctx ends, goes on for Options.Leave, then lets running requests
// finish for at most Options.Drain and returns nil; /readyz says 503 meanwhile, at
// both listeners. It returns an error when it cannot listen, and when requests had to
// be cut off.
func Run(ctx context.Context, opts Options) error {
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	if opts.Drain <= 0 {
		opts.Drain = 10 * time.Second
	}
	public, err := listen(ctx, opts.Addr)
	if err != nil {
		return err
	}
	servers, listeners := []*http.Server{newServer(leaving(ctx, opts.Handler), opts)}, []net.Listener{public}
	opsAddr := ""
	if opts.OpsAddr != "" {
		second, err := listen(ctx, opts.OpsAddr)
		if err != nil {
			_ = public.Close() // nobody has been served
			return err
		}
		opsAddr = second.Addr().String()
		servers, listeners = append(servers, newServer(opsHandler(ctx, opts), opts)), append(listeners, second)
	}
	failed := make(chan error, len(servers))
	for i, s := range servers {
		go func() { failed <- s.Serve(listeners[i]) }()
	}
	opts.Logger.LogAttrs(ctx, slog.LevelInfo, "listening",
		slog.String("addr", public.Addr().String()), slog.String("ops_addr", opsAddr))
	if opts.Listening != nil {
		opts.Listening(public.Addr().String(), opsAddr)
	}
	select {
	case err = <-failed:
	case <-ctx.Done():
		opts.Logger.LogAttrs(ctx, slog.LevelInfo, "draining", slog.Duration("leave", opts.Leave))
		select {
		case err = <-failed:
		case <-time.After(opts.Leave):
		}
	}
	return errors.Join(err, shutdown(context.WithoutCancel(ctx), servers, opts.Drain))
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("httpserver: %w", err)
	}
	return stepListener{l.(*net.TCPListener)}, nil //nolint:forcetypeassert // of the network "tcp" there is no other
}

// leaving answers GET /readyz in front of h, for proxies that see the public listener
// only: 200, and 503 from the end of ctx on. From then on every answer also ends its
// connection, so that no proxy keeps one that is about to be closed.
func leaving(ctx context.Context, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gone := ctx.Err() != nil
		if gone {
			w.Header().Set("Connection", "close")
		}
		if r.URL.Path != "/readyz" || r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		if gone {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
}

// shutdown ends the public listener first, so that the second one can tell a
// balancer about it to the last.
func shutdown(ctx context.Context, servers []*http.Server, drain time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, drain)
	defer cancel()
	var errs []error
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("httpserver: drain: %w", err), s.Close())
		}
	}
	return errors.Join(errs...)
}

// newServer gives a request as much time from its header to the end of its answer
// as the handler may take, and 45 s for the way. Reads have one deadline wherever they
// are, 75 s by default: who may hold a connection idle gains nothing by sending a header
// slowly, and balancers commonly keep theirs for 60 s. That of a body is the chain's.
func newServer(h http.Handler, opts Options) *http.Server {
	request := opts.Timeout + 45*time.Second
	reading := request + 15*time.Second
	return &http.Server{
		Handler:           h,
		ConnContext:       withPeer,
		ReadHeaderTimeout: reading,
		ReadTimeout:       reading,
		IdleTimeout:       reading,
		WriteTimeout:      request,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(opts.Logger.Handler(), slog.LevelDebug),
	}
}
