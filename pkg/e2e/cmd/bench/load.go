package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// request makes the next request of connection conn, or nil when there is none
// left; answer looks at what came back.
type workload struct {
	name    string
	addr    string
	request func(conn int) []byte
	answer  func(conn int, body []byte) error
	status  int
}

// sample is one round of a workload.
type sample struct {
	requests  int
	took      time.Duration
	latencies []time.Duration
	server    time.Duration // CPU of the server
	postgres  time.Duration // CPU of PostgreSQL
}

func (s sample) rate() float64 { return float64(s.requests) / s.took.Seconds() }

func (s sample) quantile(q float64) time.Duration {
	if len(s.latencies) == 0 {
		return 0
	}
	slices.Sort(s.latencies)
	return s.latencies[min(len(s.latencies)-1, int(q*float64(len(s.latencies))))]
}

// client is a keep-alive HTTP/1.1 connection that costs next to nothing, so
// that what is measured is the server.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(ctx context.Context, addr string) (*client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// do sends a request and returns the status and the body, which is good until
// the next call. The head of an answer is searched, not parsed: what is not
// spent here is left for the server.
func (c *client) do(request []byte, body []byte) (int, []byte, error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, nil, err
	}
	head, err := c.head()
	if err != nil {
		return 0, nil, err
	}
	if len(head) < 12 {
		return 0, nil, fmt.Errorf("status line %q", head)
	}
	status, err := strconv.Atoi(string(head[9:12]))
	if err != nil {
		return 0, nil, fmt.Errorf("status line %q", head)
	}
	if bytes.Contains(head, []byte("\r\nTransfer-Encoding: chunked\r\n")) {
		if _, err := c.in.Discard(len(head)); err != nil {
			return 0, nil, err
		}
		body, err = c.chunks(body[:0])
		return status, body, err
	}
	_, after, ok := bytes.Cut(head, []byte("\r\nContent-Length: "))
	if !ok {
		return 0, nil, errors.New("an answer without Content-Length")
	}
	digits, _, _ := bytes.Cut(after, []byte("\r\n"))
	length, err := strconv.Atoi(string(digits))
	if err != nil {
		return 0, nil, err
	}
	if _, err := c.in.Discard(len(head)); err != nil {
		return 0, nil, err
	}
	body = slices.Grow(body[:0], length)[:length]
	_, err = io.ReadFull(c.in, body)
	return status, body, err
}

// head waits for a whole head and returns it, the empty line included.
func (c *client) head() ([]byte, error) {
	for want := 1; ; {
		if _, err := c.in.Peek(want); err != nil {
			return nil, err
		}
		have, _ := c.in.Peek(c.in.Buffered()) // cannot fail
		if end := bytes.Index(have, []byte("\r\n\r\n")); end >= 0 {
			return have[:end+4], nil
		}
		want = len(have) + 1
	}
}

// chunks reads a chunked body onto the end of body.
func (c *client) chunks(body []byte) ([]byte, error) {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return body, err
		}
		size, err := strconv.ParseUint(string(bytes.TrimRight(line, "\r\n")), 16, 31)
		if err != nil {
			return body, err
		}
		end := len(body) + int(size)
		body = slices.Grow(body, int(size))[:end]
		if _, err := io.ReadFull(c.in, body[end-int(size):]); err != nil {
			return body, err
		}
		if _, err := c.in.Discard(len("\r\n")); err != nil || size == 0 {
			return body, err
		}
	}
}

// run drives w over n connections for at most d.
func run(ctx context.Context, w workload, n int, d time.Duration) (sample, error) {
	var (
		total sample
		mu    sync.Mutex
		wg    sync.WaitGroup
		fail  error
	)
	began := time.Now()
	end := began.Add(d)
	for i := range n {
		wg.Go(func() {
			took, err := drive(ctx, w, i, end)
			mu.Lock()
			defer mu.Unlock()
			total.latencies = append(total.latencies, took...)
			fail = errors.Join(fail, err)
		})
	}
	wg.Wait()
	total.took, total.requests = time.Since(began), len(total.latencies)
	return total, fail
}

func drive(ctx context.Context, w workload, i int, end time.Time) ([]time.Duration, error) {
	c, err := dial(ctx, w.addr)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close() //nolint:errcheck // only read from
	took := make([]time.Duration, 0, 1<<15)
	var body []byte
	for time.Now().Before(end) && ctx.Err() == nil {
		req := w.request(i)
		if req == nil {
			break
		}
		began := time.Now()
		var status int
		status, body, err = c.do(req, body)
		if err != nil {
			return took, fmt.Errorf("%s: %w", w.name, err)
		}
		took = append(took, time.Since(began))
		if status != w.status {
			return took, fmt.Errorf("%s: answered %d, not %d: %s", w.name, status, w.status, body)
		}
		if w.answer != nil {
			if err := w.answer(i, body); err != nil {
				return took, fmt.Errorf("%s: %w", w.name, err)
			}
		}
	}
	return took, nil
}
