package httpserver_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// A caller who waits for 100 (Continue) is told at once what can be told without
// the body (RFC 9110 section 10.1.1).
func TestWhoWaitsToSendABodyIsNotKeptWaiting(t *testing.T) {
	routes := mux.NewRouter()
	routes.Handle("/refused", api(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.Forbidden, "Not you")
	}))
	routes.Handle("/read", api(func(_ http.ResponseWriter, r *http.Request) error {
		_, err := io.ReadAll(r.Body)
		return err
	}))
	chain := httpserver.Chain{Now: time.Now, Logger: slog.New(slog.DiscardHandler), Render: apierror.Write, Timeout: time.Hour, BodyLimit: 10}
	addr := run(t, chain.Wrap(routes))
	for _, c := range []struct {
		path, length string
		want         int
	}{
		{"/refused", "3", http.StatusForbidden},
		{"/nothing", "3", http.StatusNotFound},
		{"/read", "11", http.StatusRequestEntityTooLarge},
		{"/read", "10", http.StatusContinue},
	} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "POST "+c.path+" HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "+c.length+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s of %s: %v", c.path, c.length, err)
		}
		if _ = res.Body.Close(); res.StatusCode != c.want {
			t.Errorf("%s of %s: %d, want %d", c.path, c.length, res.StatusCode, c.want)
		}
		_ = conn.Close()
	}
}
