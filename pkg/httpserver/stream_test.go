package httpserver_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/httpserver"
)

// A stream goes on after the time of its request is over, and knows what the request
// knew; also after a body, whose time for arriving is over too.
func TestAStreamOutlivesTheTimeOfItsRequest(t *testing.T) {
	type key struct{}
	routes := mux.NewRouter()
	routes.Handle("/", api(func(w http.ResponseWriter, r *http.Request) error {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return err
		}
		r = r.WithContext(context.WithValue(r.Context(), key{}, "kept"))
		stream, long, release := httpserver.NewStream(w, r, time.Minute, time.Minute)
		defer release()
		_, _ = io.WriteString(stream, "begun ")
		<-r.Context().Done() // its time
		select {
		case <-long.Context().Done():
			t.Error(context.Cause(long.Context()))
		case <-time.After(200 * time.Millisecond): // after the deadline of the connection too
		}
		_, err := io.WriteString(stream, long.Context().Value(key{}).(string)+" "+httpserver.RequestID(long.Context()))
		return err
	}))
	chain := httpserver.Chain{Now: time.Now, Logger: slog.New(slog.DiscardHandler), Render: apierror.Write, Timeout: 60 * time.Millisecond}
	address := "http://" + run(t, chain.Wrap(routes)) + "/"
	for _, body := range []io.Reader{nil, strings.NewReader("body")} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, body)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || string(raw) != "begun kept "+res.Header.Get("X-Request-Id") {
			t.Errorf("%q, %v", raw, err)
		}
	}
}

// It ends when the caller goes, and when it takes longer than it may.
func TestAStreamEnds(t *testing.T) {
	ended := make(chan error, 1)
	most := time.Minute
	routes := mux.NewRouter()
	routes.Handle("/", api(func(w http.ResponseWriter, r *http.Request) error {
		stream, long, release := httpserver.NewStream(w, r, most, time.Minute)
		defer release()
		_, _ = io.WriteString(stream, "begun")
		_ = http.NewResponseController(stream).Flush()
		<-long.Context().Done()
		ended <- long.Context().Err()
		return nil
	}))
	chain := httpserver.Chain{Now: time.Now, Logger: slog.New(slog.DiscardHandler), Render: apierror.Write}
	address := "http://" + run(t, chain.Wrap(routes)) + "/"
	call := func() {
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // it is left
		_, _ = io.ReadFull(res.Body, make([]byte, 5))
		if most < time.Second {
			_, _ = io.Copy(io.Discard, res.Body)
		}
	}
	call()
	if err := <-ended; err == nil || err == context.DeadlineExceeded { //nolint:errorlint // as it is
		t.Errorf("the caller has gone: %v", err)
	}
	most = 20 * time.Millisecond
	call()
	if err := <-ended; err != context.DeadlineExceeded { //nolint:errorlint // as it is
		t.Errorf("the time is over: %v", err)
	}
}
