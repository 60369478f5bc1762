// Package process runs a service's program as a process of its own, for tests
// and the demo.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTimeout bounds the wait for a service to become ready, stopTimeout the
// wait for it to drain.
const (
	startTimeout = 60 * time.Second
	stopTimeout  = 15 * time.Second
)

// Process is a running service.
type Process struct {
	Name string
	URL  string // public address, without a trailing slash
	Ops  string // address of /metrics, /healthz and /readyz

	cmd  *exec.Cmd
	env  Env
	log  logBuffer
	done chan struct{}
	err  error // why it ended; read after done
}

// Env is the environment of a process.
type Env map[string]string

// With returns a copy of e with more on top.
func (e Env) With(more Env) Env {
	all := make(Env, len(e)+len(more))
	for k, v := range e {
		all[k] = v
	}
	for k, v := range more {
		all[k] = v
	}
	return all
}

// list is the environment as exec wants it, with the few variables a program
// needs to run at all. Nothing else of ours leaks into a service.
func (e Env) list() []string {
	list := []string{}
	for _, k := range []string{"PATH", "HOME", "TMPDIR"} {
		if v, ok := os.LookupEnv(k); ok {
			list = append(list, k+"="+v)
		}
	}
	for k, v := range e {
		list = append(list, k+"="+v)
	}
	return list
}

// Start starts a service's program with args and env, and waits until
// /readyz at ops says 200.
func Start(ctx context.Context, name, program, url, ops, dir string, env Env, args ...string) (*Process, error) {
	p := &Process{Name: name, URL: url, Ops: "http://" + ops, env: env, done: make(chan struct{})}
	p.cmd = exec.Command(program, args...) //nolint:gosec,noctx // our own binary; Stop ends it, after a drain
	p.cmd.Dir, p.cmd.Env = dir, env.list()
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("process: start %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	if err := p.ready(ctx); err != nil {
		p.Kill()
		return nil, fmt.Errorf("process: %s did not become ready: %w\n%s", name, err, p.Log())
	}
	return p, nil
}

// Again starts the service once more as it was started, after a Kill or a Stop:
// with program ("": the same one) and more on top of its environment.
func (p *Process) Again(ctx context.Context, program string, more Env) (*Process, error) {
	if program == "" {
		program = p.cmd.Path
	}
	return Start(ctx, p.Name, program, p.URL, strings.TrimPrefix(p.Ops, "http://"), p.cmd.Dir, p.env.With(more), p.cmd.Args[1:]...)
}

// Freeze stops the service where it is: it takes connections and answers nothing,
// until Thaw.
func (p *Process) Freeze() { _ = p.cmd.Process.Signal(syscall.SIGSTOP) } // it is running

// Thaw lets a frozen service go on.
func (p *Process) Thaw() { _ = p.cmd.Process.Signal(syscall.SIGCONT) } // it is there

func (p *Process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if status(ctx, p.Ops+"/readyz") == http.StatusOK {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("it ended: %w", errors.Join(p.err, errors.New("see its log")))
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func status(ctx context.Context, url string) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close() // only the status matters
	return res.StatusCode
}

// Environ is the environment that the service was started with.
func (p *Process) Environ() []string { return p.env.list() }

// Stop asks the service to drain and waits for it to end.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-p.done:
		return p.err
	case <-time.After(stopTimeout):
		p.Kill()
		return fmt.Errorf("process: %s did not drain within %s", p.Name, stopTimeout)
	}
}

// Kill ends the service at once, as a crash would.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.done
}

// End stops the service when it is still running. One that does not drain is
// killed.
func (p *Process) End() {
	select {
	case <-p.done:
	default:
		_ = p.Stop() // it has ended either way
	}
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Log returns everything the service has written so far.
func (p *Process) Log() string { return p.log.String() }

// Run runs a service's program to its end and returns its standard output; the
// error carries standard error.
func Run(ctx context.Context, program, dir string, env Env, args ...string) ([]byte, error) {
	return Feed(ctx, nil, program, dir, env, args...)
}

// Feed is Run with something on standard input; nil: nothing.
func Feed(ctx context.Context, in io.Reader, program, dir string, env Env, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // our own binary
	cmd.Dir, cmd.Env, cmd.Stdin = dir, env.list(), in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("process: %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer for a process's output.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns everything written so far.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
