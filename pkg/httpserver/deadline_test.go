package httpserver

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func stepping(t *testing.T) stepListener {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return stepListener{l}
}

// ends are a connection of the server's kind and what is at its other end.
func ends(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	l := stepping(t)
	theirs, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if ours, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs
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

// onTime fails where the deadline that passed was not the one that stood.
func onTime(t *testing.T, stood time.Time) {
	t.Helper()
	if late := time.Since(stood); late > step-50*time.Millisecond {
		t.Errorf("timed out %v after the deadline that stood", late)
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
	mustSet(t, set, soon.Add(step-1)) // too little to move it
	mustSet(t, set, time.Time{})      // net/http watches from here on
	timesOut(t, ours)
	onTime(t, soon)
	mustSet(t, set, time.Now().Add(time.Hour))
	reads(t, ours, theirs)
	mustSet(t, set, time.Now().Add(20*time.Millisecond)) // earlier: at once
	timesOut(t, ours)
	mustSet(t, set, time.Time{}) // it was that of a body, which has arrived
	reads(t, ours, theirs)
}

func TestReadingThatWasCutOffGoesOn(t *testing.T) {
	ours, theirs := ends(t)
	at := time.Now().Add(time.Hour)
	for range 3 {
		mustSet(t, ours.SetReadDeadline, at)
		reads(t, ours, theirs)
		mustSet(t, ours.SetReadDeadline, cutOff)
		timesOut(t, ours)
		mustSet(t, ours.SetReadDeadline, time.Time{})
		timesOut(t, ours) // nothing is read before the next deadline
	}
}

func TestWriteDeadlinesMoveInSteps(t *testing.T) {
	ours, _ := ends(t)
	soon := time.Now().Add(20 * time.Millisecond)
	mustSet(t, ours.SetWriteDeadline, soon)
	mustSet(t, ours.SetWriteDeadline, soon.Add(step-1))
	mustSet(t, ours.SetWriteDeadline, time.Time{})
	var err error
	for err == nil { // until nothing more fits on the way to somebody who does not read
		_, err = ours.Write(make([]byte, 1<<20))
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	onTime(t, soon)
	mustSet(t, ours.SetWriteDeadline, time.Now().Add(time.Hour))
	if _, err := ours.Write(nil); err != nil {
		t.Errorf("after a later deadline: %v", err)
	}
}

// net/http takes whatever ends its watching for the leaving of the caller. The deadline of
// a body, which passes while its request is answered, is not that.
func TestTheDeadlineOfABodyIsNoLeaving(t *testing.T) {
	const patience = 50 * time.Millisecond
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > 0 {
				_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(patience))
			}
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-r.Context().Done():
				w.WriteHeader(http.StatusServiceUnavailable)
			case <-time.After(3 * patience):
			}
		}),
		ReadHeaderTimeout: time.Minute, ReadTimeout: time.Minute, IdleTimeout: time.Minute,
	}
	l := stepping(t)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	for _, body := range []string{"", "body", "", "body"} {
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
