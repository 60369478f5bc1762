package httpserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/httpserver"
)

// ends are a connection of the server's kind and what is at its other end.
func ends(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	theirs, err = new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = accepted.Close(), theirs.Close() })
	return httpserver.NewStepConn(accepted), theirs
}

func mustSet(t *testing.T, set func(time.Time) error, at time.Time) {
	t.Helper()
	if err := set(at); err != nil {
		t.Fatal(err)
	}
}

func timesOut(t *testing.T, c net.Conn) {
	t.Helper()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
}

func reads(t *testing.T, ours, theirs net.Conn) {
	t.Helper()
	if _, err := theirs.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := ours.Read(make([]byte, 1)); err != nil {
		t.Errorf("read: %v", err)
	}
}

func TestReadDeadlinesMoveInSteps(t *testing.T) {
	ours, theirs := ends(t)
	set := ours.SetReadDeadline
	soon := time.Now().Add(20 * time.Millisecond)
	mustSet(t, set, soon)
	mustSet(t, set, soon.Add(999*time.Millisecond)) // too little to move it
	mustSet(t, set, time.Time{})                    // never lifted
	timesOut(t, ours)
	if late := time.Since(soon); late > 900*time.Millisecond {
		t.Errorf("timed out %v after the deadline that stood", late)
	}
	mustSet(t, set, time.Now().Add(time.Hour))
	reads(t, ours, theirs)
	mustSet(t, set, time.Now().Add(20*time.Millisecond)) // earlier: at once
	timesOut(t, ours)
}

func TestReadingThatWasCutOffGoesOn(t *testing.T) {
	for name, before := range map[string]time.Time{"with a deadline": time.Now().Add(time.Hour), "without": {}} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := ends(t)
			mustSet(t, ours.SetReadDeadline, before)
			for range 3 {
				mustSet(t, ours.SetReadDeadline, time.Unix(1, 0))
				timesOut(t, ours)
				mustSet(t, ours.SetReadDeadline, time.Time{})
				reads(t, ours, theirs)
			}
			mustSet(t, ours.SetReadDeadline, time.Unix(1, 0))
			mustSet(t, ours.SetReadDeadline, time.Now().Add(time.Hour)) // within a step of the one before it
			reads(t, ours, theirs)
		})
	}
}

func TestWriteDeadlinesMoveInSteps(t *testing.T) {
	ours, _ := ends(t)
	soon := time.Now().Add(20 * time.Millisecond)
	mustSet(t, ours.SetWriteDeadline, soon)
	mustSet(t, ours.SetWriteDeadline, soon.Add(999*time.Millisecond))
	mustSet(t, ours.SetWriteDeadline, time.Time{})
	for { // until nothing more fits on the way to somebody who does not read
		if _, err := ours.Write(make([]byte, 1<<20)); err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
			break
		}
	}
	mustSet(t, ours.SetWriteDeadline, time.Now().Add(time.Hour))
	if _, err := ours.Write(nil); err != nil {
		t.Errorf("after a later deadline: %v", err)
	}
}

// run runs handler as a service does and returns its address.
func run(t *testing.T, handler http.Handler) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	addr, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- httpserver.Run(ctx, httpserver.Options{
			Addr: "127.0.0.1:0", Handler: handler, Logger: slog.New(slog.DiscardHandler),
			Listening: func(a, _ string) { addr <- a },
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return <-addr
}

// One connection takes requests with and without a body, slow and pipelined ones,
// and a body that does not arrive ends it.
func TestAConnectionServesOn(t *testing.T) {
	var behind atomic.Int64 // how much the clock of the chain is, nanoseconds
	routes := mux.NewRouter()
	routes.Handle("/", api(func(w http.ResponseWriter, r *http.Request) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return httpserver.BodyError(err, "The body cannot be read")
		}
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-time.After(20 * time.Millisecond):
		}
		_, err = fmt.Fprintf(w, "%d", len(body))
		return err
	}))
	chain := httpserver.Chain{
		Now: func() time.Time { return time.Now().Add(-time.Duration(behind.Load())) }, Logger: slog.New(slog.DiscardHandler), Render: apierror.Write,
	}
	addr := run(t, chain.Wrap(routes))
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	answered := func(want string) {
		t.Helper()
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if body, err := io.ReadAll(res.Body); err != nil || !strings.HasPrefix(fmt.Sprint(res.StatusCode, " ", string(body)), want) {
			t.Errorf("%d %q, %v, want %s", res.StatusCode, body, err, want)
		}
	}
	send := func(text string) {
		t.Helper()
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
	}
	const plain, full, half = "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na"
	for range 3 {
		send(plain)
		answered("200 0")
		send(full)
		answered("200 3")
		send(half)
		send("bc")
		answered("200 3")
	}
	send(plain + full + plain)
	answered("200 0")
	answered("200 3")
	answered("200 0")
	behind.Store(int64(20*time.Second - 50*time.Millisecond)) // a body has 50 ms left to arrive
	send(half)
	answered("400")
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the connection stays open: %v", err)
	}
}
