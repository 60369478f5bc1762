package introspection_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/pkg/fault"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
)

func newClient(t *testing.T, url string, log io.Writer) *introspection.Client {
	t.Helper()
	c, err := introspection.NewClient(introspection.ClientOptions{
		Endpoint: url + "/oauth/introspect", ID: "rs 1", Secret: "s:e%cret", Now: time.Now,
		Timeout: 200 * time.Millisecond, Logger: slog.New(slog.NewJSONHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestClientAsksAsRFC7662Says(t *testing.T) {
	token := secret.New(secret.AccessToken)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, password, _ := r.BasicAuth()
		got := []string{r.Method, r.URL.Path, r.Header.Get("Content-Type"), id, password, r.PostFormValue("token"), r.PostFormValue("reason")}
		want := []string{"POST", "/oauth/introspect", "application/x-www-form-urlencoded", "rs+1", "s%3Ae%25cret", token.Reveal(), "true"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		_, _ = io.WriteString(w, `{"active":true,"scope":"read","user_id":"u","exp":5}`)
	}))
	defer s.Close()
	got, err := newClient(t, s.URL, io.Discard).Introspect(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(introspection.Answer{Active: true, Scope: "read", UserID: "u", Exp: 5}, got); d != "" {
		t.Error(d)
	}
}

func TestClientNeverTakesAFailureForAnAnswer(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"401": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) },
		"500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"no JSON":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"no object": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `[true]`) },
		"huge":      func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat(" ", 70<<10)) },
		"slow":      func(_ http.ResponseWriter, r *http.Request) { _ = r.ParseForm(); <-r.Context().Done() },
		"cut off":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, h := range tests {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := httptest.NewServer(h)
			defer s.Close()
			token := secret.New(secret.AccessToken)
			a, err := newClient(t, s.URL, &log).Introspect(t.Context(), token)
			if !fault.Is(err, fault.Unavailable) || a.Active {
				t.Fatalf("%+v, %v", a, err)
			}
			if e := err.(*fault.Error); e.RetryAfter <= 0 { //nolint:errorlint // it is one
				t.Error("no RetryAfter")
			}
			if strings.Contains(err.Error()+log.String(), token.Reveal()) || strings.Contains(log.String(), "s:e%cret") {
				t.Error("a secret is in the log")
			}
			if (name == "401") != strings.Contains(log.String(), "refuses this resource server") {
				t.Errorf("log %q", log.String())
			}
		})
	}
}

func TestClientStopsAskingAServerThatIsAway(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(503)
	}))
	defer s.Close()
	c := newClient(t, s.URL, io.Discard)
	for range 50 {
		_, _ = c.Introspect(t.Context(), secret.New(secret.AccessToken))
	}
	if n := asked.Load(); n != 5 {
		t.Errorf("asked %d times", n)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"active":true,"scope":"read","exp":1}`))
	f.Add([]byte(`{"active":false,"reason":"user_deactivated","user_id":"u"}`))
	f.Add([]byte(`{"active":"true"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := introspection.Decode(raw)
		if err == nil && !a.Active && a.UserID != "" {
			t.Error("an inactive answer tells more than its reason")
		}
		if err != nil && a.Active {
			t.Error("active with an error")
		}
	})
}
