package e2e

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// hostile answers with what harms whoever reads it without care.
func hostile(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/slow.json":
		for range 200 { // a byte each half second
			_, _ = w.Write([]byte(" "))
			w.(http.Flusher).Flush() //nolint:forcetypeassert // net/http's
			select {
			case <-r.Context().Done():
				return true
			case <-time.After(500 * time.Millisecond):
			}
		}
	case "/endless.json":
		for r.Context().Err() == nil {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 1<<20)); err != nil {
				return true
			}
		}
	case "/bomb.json":
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		_, _ = packed.Write(bytes.Repeat([]byte(" "), 64<<20))
		_ = packed.Close()
	case "/deep.json":
		_, _ = w.Write([]byte(`{"client_id":` + strings.Repeat("[", 60_000)))
	case "/bytes.json":
		_, _ = w.Write([]byte("{\"client_id\":\"\xff\xfe\"}"))
	case "/header.json":
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	default:
		return false
	}
	return true
}

// TestS46_HostileDocuments end within the time that a fetch has, without memory, and
// say which they are: refused, or not to be had now.
func TestS46_HostileDocuments(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: v.trust})
	for path, status := range map[string]int{
		"/slow.json": 503, "/endless.json": 400, "/bomb.json": 400, "/deep.json": 400, "/bytes.json": 400, "/header.json": 503,
	} {
		begun := time.Now()
		app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: v.URL + path}, RedirectURI: "http://localhost:3000/cb"}
		page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		if page.Status != status || page.Left != nil || time.Since(begun) > 30*time.Second {
			t.Errorf("%s: %d after %s, left to %v", path, page.Status, time.Since(begun), page.Left)
		}
	}
	wantStatus(t, w.send(http.MethodGet, w.Auth.URL+"/.well-known/oauth-authorization-server", nil, ""), http.StatusOK)
}

// TestS44_DeviceCodesAreNotGuessed: what a person types is counted, right or wrong.
func TestS44_DeviceCodesAreNotGuessed(t *testing.T) {
	ownWorld(t, stack.Setup{}, func(w *world) {
		p, app := w.person(), w.device()
		made := w.beginDevice(app, nil)
		refused := 0
		for range 40 {
			if page := w.typeCode(p, "BCDF-GHJK"); page.Status == http.StatusTooManyRequests {
				refused++
			}
		}
		if page := w.typeCode(p, made.Text("user_code")); refused == 0 || page.Status != http.StatusTooManyRequests {
			w.t.Errorf("%d of 40 guesses were refused, and then the right code was answered %d", refused, page.Status)
		}
		other := w.person()
		if page := w.typeCode(other, made.Text("user_code")); page.Status != http.StatusOK {
			w.t.Errorf("somebody else's right code: %d", page.Status)
		}
	})
}
