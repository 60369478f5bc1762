//go:build !race

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

const (
	signinsAtOnce = 64
	allowedMiB    = 100 // above idle
)

// Sixty-four people sign in at once: all get in, and the password checks do not
// take the machine's memory.
func TestSixtyFourSigninsStayWithinMemory(t *testing.T) {
	shipped := process.Env{"AUTH_PASSWORD_MEMORY": "19456", "AUTH_PASSWORD_PASSES": "2"} // the defaults
	quietWorld(t, stack.Setup{AuthEnv: shipped}, func(w *world) {
		p := w.person()
		idle := w.residentMiB()
		done := make(chan struct{})
		var waiting sync.WaitGroup
		for i := range signinsAtOnce {
			waiting.Go(func() {
				device := fmt.Sprintf("phone-%d", i)
				answer := w.login(p, device)
				for answer.Status == http.StatusServiceUnavailable { // a busy machine: too many wait for a core
					answer = w.login(p, device)
				}
				if answer.Status != http.StatusOK {
					w.t.Errorf("sign-in %d: %s", i, answer)
				}
			})
		}
		go func() { waiting.Wait(); close(done) }()
		peak := idle
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for running := true; running; {
			select {
			case <-done:
				running = false
			case <-tick.C:
				peak = max(peak, w.residentMiB())
			}
		}
		if peak-idle > allowedMiB {
			w.t.Errorf("%d MiB idle, %d MiB at the peak", idle, peak)
		}
		w.t.Logf("%d MiB idle, %d MiB at the peak", idle, peak)
	})
}

// residentMiB is the memory authserver holds now.
func (w *world) residentMiB() int {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.Auth.PID()))
	if err != nil {
		if testenv.RequireEngines() {
			w.t.Fatalf("/proc is required: %v", err)
		}
		w.t.Skip("no /proc on this system")
	}
	_, after, _ := strings.Cut(string(raw), "VmRSS:")
	var kib int
	if _, err := fmt.Sscan(after, &kib); err != nil {
		w.t.Fatal(err)
	}
	return kib / 1024
}
