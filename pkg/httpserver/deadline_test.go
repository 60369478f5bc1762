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
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/httpserver"
)

func listen(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// ends are a connection of the server's kind, whose requests take at most that
// long, and what is at its other end.
func ends(t *testing.T, request time.Duration) (ours, theirs net.Conn) {
	t.Helper()
	l := listen(t)
	defer func() { _ = l.Close() }()
	theirs, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = accepted.Close(), theirs.Close() })
	return httpserver.NewStepConn(accepted, request), theirs
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
	ours, theirs := ends(t, 0)
	set := ours.SetReadDeadline
	soon := time.Now().Add(20 * time.Millisecond)
	mustSet(t, set, soon)
	mustSet(t, set, soon.Add(999*time.Millisecond)) // too little to move it
	mustSet(t, set, time.Time{})                    // beyond the request: not lifted
	timesOut(t, ours)
	if late := time.Since(soon); late > 900*time.Millisecond {
		t.Errorf("timed out %v after the deadline that stood", late)
	}
	mustSet(t, set, time.Now().Add(time.Hour))
	reads(t, ours, theirs)
	mustSet(t, set, time.Now().Add(20*time.Millisecond)) // earlier: at once
	timesOut(t, ours)
}

func TestADeadlineWithinTheRequestIsLifted(t *testing.T) {
	ours, theirs := ends(t, time.Hour)
	clock, _ := ends(t, 0)
	soon := time.Now().Add(20 * time.Millisecond)
	mustSet(t, ours.SetReadDeadline, soon)
	mustSet(t, ours.SetReadDeadline, time.Time{})
	mustSet(t, clock.SetDeadline, soon)
	timesOut(t, clock) // so late it is
	reads(t, ours, theirs)
}

// The connection is watched for its caller's leaving during a request, which a
// deadline for reading that passes meanwhile is not.
func TestADeadlineThatPassesIsNoLeaving(t *testing.T) {
	const patience = 50 * time.Millisecond
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-r.Context().Done():
				w.WriteHeader(http.StatusServiceUnavailable)
			case <-time.After(3 * patience):
			}
		}),
		ReadHeaderTimeout: patience, ReadTimeout: patience, IdleTimeout: time.Minute,
	}
	l := listen(t)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(httpserver.NewStepListener(l, time.Hour)) }()
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	for _, body := range []string{"", "", "body", ""} {
		res, err := client.Post("http://"+l.Addr().String(), "text/plain", strings.NewReader(body)) //nolint:noctx // a test of our own listener
		if err != nil {
			t.Fatal(err)
		}
		if _ = res.Body.Close(); res.StatusCode != http.StatusOK {
			t.Errorf("body %q: %d", body, res.StatusCode)
		}
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

func TestReadingThatWasCutOffGoesOn(t *testing.T) {
	for name, before := range map[string]time.Time{"with a deadline": time.Now().Add(time.Hour), "without": {}} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := ends(t, time.Minute)
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
	ours, _ := ends(t, time.Minute)
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

// served is a connection to a service with a request timeout that answers how
// long a body is.
func served(t *testing.T, timeout time.Duration) (send func(text string), answered func(want string)) {
	t.Helper()
	routes := mux.NewRouter()
	routes.Handle("/", api(func(w http.ResponseWriter, r *http.Request) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return httpserver.BodyError(err, "The body cannot be read")
		}
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-time.After(10 * time.Millisecond):
		}
		_, err = fmt.Fprintf(w, "%d", len(body))
		return err
	}))
	chain := httpserver.Chain{Now: time.Now, Logger: slog.New(slog.DiscardHandler), Render: apierror.Write, Timeout: timeout}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", run(t, chain.Wrap(routes)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	in := bufio.NewReader(conn)
	send = func(text string) {
		t.Helper()
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
	}
	answered = func(want string) {
		t.Helper()
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			if want != "" || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatal(err)
			}
			return
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if got := fmt.Sprint(res.StatusCode, " ", string(body)); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	return send, answered
}

const (
	plain = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	full  = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
	half  = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na"
)

// One connection takes requests with and without a body, in pieces and pipelined.
func TestAConnectionServesOn(t *testing.T) {
	send, answered := served(t, 0)
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
}

func TestABodyThatDoesNotArriveEndsItsConnection(t *testing.T) {
	send, answered := served(t, 60*time.Millisecond)
	send(half)
	answered("400")
	answered("") // nothing more
}
