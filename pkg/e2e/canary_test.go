package e2e

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// canaryRounds is how often the canary came to a result, as its metrics say.
func (w *world) canaryRounds(p *process.Process, result string) float64 {
	w.t.Helper()
	return w.measured(w.send(http.MethodGet, p.Ops+"/metrics", nil, "").Body, `latchkey_canary_rounds_total{result="`+result+`"}`)
}

// measured is a metric that must be there.
func (w *world) measured(all []byte, name string) float64 {
	w.t.Helper()
	n, err := strconv.ParseFloat(metric(all, name), 64)
	if err != nil {
		w.t.Errorf("the metric %s: %v", name, err)
	}
	return n
}

func metric(all []byte, name string) string {
	for line := range strings.Lines(string(all)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// wholeToken is an access token of which more than the last four characters are told.
var wholeToken = regexp.MustCompile(`oat_[0-9A-Za-z]{5}`)

// TestTheCanarySeesRevocationsWork with real servers, and says so in its metrics and
// nowhere else.
func TestTheCanarySeesRevocationsWork(t *testing.T) {
	ownWorld(t, stack.Setup{Replicas: 1, AuthEnv: process.Env{"AUTH_CANARY_EMAIL": "Canary@example.com", "AUTH_CANARY_INTERVAL": "1s"}}, func(w *world) {
		testenv.Eventually(w.t, 30*time.Second, "the canary says that its account is not there", func() bool {
			return w.canaryRounds(w.Auth, "failed") > 0 && strings.Contains(w.Auth.Log(), "AUTH_CANARY_EMAIL")
		})
		p := actor.NewPerson(w.Auth.URL)
		p.Email = "canary@example.com"
		if _, err := p.SignUp(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		testenv.Eventually(w.t, 30*time.Second, "two rounds", func() bool {
			return w.canaryRounds(w.Auth, "refused") >= 2
		})
		if late := w.canaryRounds(w.Auth, "late"); late != 0 {
			w.t.Errorf("late: %g", late)
		}
		all := w.send(http.MethodGet, w.Auth.Ops+"/metrics", nil, "").Body
		if w.measured(all, "latchkey_canary_refused_seconds_sum") == 0 || w.measured(all, "latchkey_canary_refused_seconds_count") < 2 {
			w.t.Errorf("the times are not in the metrics")
		}
		if whole := wholeToken.FindString(w.Logs()); whole != "" {
			w.t.Error("a token is in the log")
		}
	})
}

// TestTheCanaryDiesOfAnAnswerThatIsRemembered by something before the API, which lets
// in for three seconds what it has let in once.
func TestTheCanaryDiesOfAnAnswerThatIsRemembered(t *testing.T) {
	t.Parallel()
	api, err := process.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	w := startWorld(t, testenv.Embedded, stack.Setup{
		AuthEnv: process.Env{"AUTH_API_URL": "http://" + api, "AUTH_CANARY_EMAIL": "canary@example.com", "AUTH_CANARY_INTERVAL": "1s"},
		APIEnv:  process.Env{"API_URL": "http://" + api},
	})
	remembering(t, api, w.API().URL)
	p := actor.NewPerson(w.Auth.URL)
	p.Email = "canary@example.com"
	if _, err := p.SignUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	testenv.Eventually(t, 30*time.Second, "the canary was let in for too long", func() bool {
		return w.canaryRounds(w.Auth, "late") > 0 && strings.Contains(w.Auth.Log(), "API_CREDENTIAL_LIFE after its revocation")
	})
}

// remembering is a proxy at addr before to that repeats a good answer for a while.
func remembering(t *testing.T, addr, to string) {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	var (
		mu   sync.Mutex
		good = map[string]time.Time{}
		pass = httputil.NewSingleHostReverseProxy(target)
	)
	pass.ModifyResponse = func(r *http.Response) error {
		mu.Lock()
		defer mu.Unlock()
		if who := r.Request.Header.Get("Authorization"); r.StatusCode == http.StatusOK && good[who].IsZero() {
			good[who] = time.Now()
		}
		return nil
	}
	server := &http.Server{Addr: addr, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		first := good[r.Header.Get("Authorization")]
		mu.Unlock()
		if !first.IsZero() && time.Since(first) < 3*time.Second {
			rw.WriteHeader(http.StatusOK)
			return
		}
		pass.ServeHTTP(rw, r)
	})}
	go func() { _ = server.ListenAndServe() }()
	t.Cleanup(func() { _ = server.Close() })
}
