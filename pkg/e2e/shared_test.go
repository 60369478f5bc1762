package e2e

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/e2e/stack/production"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

func TestMain(m *testing.M) {
	// Most tests wait, for processes and for time to pass. With three and more at once on two
	// cores others wait too long for them.
	testenv.AtOnce(2)
	code := m.Run()
	if err := closeShared(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// shared holds one stack per engine set, for tests that leave others alone
// because they bring their own people and applications.
var shared struct {
	sync.Mutex
	stacks  map[testenv.Set]*stack.Stack
	release func() error // the engines of the production set; nil: none are leased
}

func sharedStack(t *testing.T, set testenv.Set) *stack.Stack {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if s := shared.stacks[set]; s != nil {
		return s
	}
	setup := stack.Setup{AuthEnv: unthrottled.With(process.Env{"AUTH_REGISTRATION": "open"}), APIEnv: modest} // as make run
	if set == testenv.Production {
		var err error
		if shared.release, err = production.Lease(t.Context(), &setup); err != nil {
			t.Fatal(err)
		}
	}
	s, err := stack.Launch(t.Context(), setup)
	if err != nil {
		t.Fatal(err)
	}
	if shared.stacks == nil {
		shared.stacks = map[testenv.Set]*stack.Stack{}
	}
	shared.stacks[set] = s
	return s
}

func closeShared() error {
	shared.Lock()
	defer shared.Unlock()
	for set, s := range shared.stacks {
		if err := s.Close(); err != nil {
			return fmt.Errorf("%s: %w", set, err)
		}
	}
	if shared.release != nil {
		if err := shared.release(); err != nil {
			return err
		}
	}
	return stack.RemoveBuilt()
}

// eachWorld runs fn against the shared stack of each engine set, while other tests run.
func eachWorld(t *testing.T, fn func(w *world)) {
	t.Helper()
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		w := &world{Stack: sharedStack(t, set), t: t}
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("end of the logs:\n%s", tail(w.Logs()))
			}
		})
		fn(w)
	})
}

// ownWorld runs fn against a fresh stack of each engine set, while other tests run.
func ownWorld(t *testing.T, setup stack.Setup, fn func(w *world)) {
	t.Helper()
	t.Parallel()
	quietWorld(t, setup, fn)
}

// quietWorld is ownWorld while no other test runs: for what is measured.
func quietWorld(t *testing.T, setup stack.Setup, fn func(w *world)) {
	t.Helper()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) { fn(startWorld(t, set, setup)) })
}
