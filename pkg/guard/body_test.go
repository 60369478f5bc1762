package guard_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"latchkey/pkg/fault"
	"latchkey/pkg/guard"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

// TestWhoSendsSlowlyIsJudgedAgain changes what is known of a caller between two pieces of
// the body.
func TestWhoSendsSlowlyIsJudgedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		life   time.Duration
		change func(f *fixture, token string, a introspection.Answer)
		want   int
	}{
		"nothing changes": {time.Nanosecond, func(*fixture, string, introspection.Answer) {}, http.StatusOK},
		"it ends":         {time.Nanosecond, func(f *fixture, token string, _ introspection.Answer) { delete(f.known, token) }, http.StatusUnauthorized},
		"another family": {time.Nanosecond, func(f *fixture, token string, a introspection.Answer) {
			a.FamilyID = "family-2"
			f.known[token] = a
		}, http.StatusUnauthorized},
		"a smaller role": {time.Nanosecond, func(f *fixture, token string, a introspection.Answer) {
			a.Role = "guest"
			f.known[token] = a
		}, http.StatusForbidden},
		"a smaller scope": {time.Nanosecond, func(f *fixture, token string, a introspection.Answer) {
			a.Scope = "read"
			f.known[token] = a
		}, http.StatusForbidden},
		"nobody can say":         {time.Nanosecond, func(f *fixture, _ string, _ introspection.Answer) { f.err = fault.New(fault.Unavailable, "away") }, http.StatusServiceUnavailable},
		"while the answer lives": {time.Hour, func(f *fixture, token string, _ introspection.Answer) { delete(f.known, token) }, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, guard.Options{Life: c.life})
			token := f.token(secret.AccessToken, good("read_write"))
			from, to := io.Pipe()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+"/things", from)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			status := make(chan int, 1)
			go func() {
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Error(err)
					status <- 0
					return
				}
				_ = res.Body.Close()
				status <- res.StatusCode
			}()
			if _, err := to.Write([]byte("{")); err != nil {
				t.Fatal(err)
			}
			testenv.Eventually(t, 30*time.Second, "the body is read", func() bool { return f.read.Load() == 1 })
			f.mu.Lock()
			c.change(f, token, f.known[token])
			f.mu.Unlock()
			_, _ = to.Write([]byte("}")) // nobody may read it any more
			_ = to.Close()
			if got := <-status; got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}
