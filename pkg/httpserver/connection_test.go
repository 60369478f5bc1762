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
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/httpserver"
)

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
