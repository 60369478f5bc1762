package e2e

import (
	"context"
	"errors"
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
	release func() error // the Redis database of the production set; nil: none is leased
	leave   []func()     // its databases, and what else lasts as long
}

// shareUntilTheEnd has end called when no test runs any more.
func shareUntilTheEnd(end func()) {
	shared.Lock()
	defer shared.Unlock()
	shared.leave = append(shared.leave, end)
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
		if err := leaseShared(t.Context(), &setup); err != nil {
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

// leaseShared gives the shared stack of the production set its engines.
func leaseShared(ctx context.Context, setup *stack.Setup) error {
	server, err := testenv.PostgresURL()
	if err != nil {
		return err
	}
	for schema, url := range map[*testenv.Schema]*string{&authSchema: &setup.AuthDB, &apiSchema: &setup.APIDB} {
		var leave func()
		if *url, leave, err = schema.Postgres(ctx, server); err != nil {
			return err
		}
		shared.leave = append(shared.leave, leave)
	}
	shared.release, err = production.Lease(ctx, setup)
	return err
}

func closeShared() error {
	shared.Lock()
	defer shared.Unlock()
	var errs []error
	for set, s := range shared.stacks {
		if err := s.Close(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", set, err))
		}
	}
	if shared.release != nil {
		errs = append(errs, shared.release())
	}
	for _, leave := range shared.leave {
		leave()
	}
	return errors.Join(append(errs, authSchema.Close(), apiSchema.Close(), stack.RemoveBuilt())...)
}

// eachWorld runs fn against the shared stack of each engine set, while other tests run.
func eachWorld(t *testing.T, fn func(w *world)) {
	t.Helper()
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) { fn(sharedWorld(t, set)) })
}

// eachWorldAtOnce is eachWorld with both engine sets at once, for what waits long.
func eachWorldAtOnce(t *testing.T, fn func(w *world)) {
	t.Helper()
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		t.Parallel()
		fn(sharedWorld(t, set))
	})
}

func sharedWorld(t *testing.T, set testenv.Set) *world {
	t.Helper()
	w := &world{Stack: sharedStack(t, set), t: t}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("end of the logs:\n%s", tail(w.Logs()))
		}
	})
	return w
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
