package e2e

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// watchFor is how long a revoked credential is tried after its revocation: longer
// than anything was ever remembered.
const watchFor = 65 * time.Second

// TestA6_WhateverRedisDoesARevocationHoldsWithinASecond takes credentials back
// while Redis is in each of its states, and asks two replicas of resourceapi with
// them until long afterwards. The scenes are on at the same time, each with
// processes of its own. The databases are SQLite: PostgreSQL has not enough
// connections for so many, and it is Redis that is looked at.
func TestA6_WhateverRedisDoesARevocationHoldsWithinASecond(t *testing.T) {
	t.Parallel()
	var scenes sync.WaitGroup
	for name, stage := range redisScenes {
		scenes.Go(func() { t.Run(name, func(t *testing.T) { play(t, stage(t)) }) })
	}
	scenes.Wait()
}

func play(t *testing.T, s scene) {
	w := s.world(t)
	watchers := w.watch(w.revocables())
	eachAccepted := func(from time.Time, times int) func() bool {
		return func() bool {
			return !slices.ContainsFunc(watchers, func(o *watcher) bool { return !o.acceptedSince(from, times) })
		}
	}
	testenv.Eventually(t, 30*time.Second, "every credential is in use at every replica", eachAccepted(time.Time{}, 5))
	if s.before != nil {
		s.before()
	}
	testenv.Eventually(t, 30*time.Second, "every credential is still accepted", eachAccepted(time.Now(), 0))
	revoked := revokeAll(t, watchers)
	if s.after != nil {
		s.after(w)
	}
	life := max(s.life, revocationBound)
	closely := 3 * life // it is tried as often as at first
	<-time.After(closely)
	for _, o := range watchers {
		close(o.calm)
	}
	<-time.After(watchFor - closely)
	for _, o := range watchers {
		o.judge(t, revoked[o.what], life)
	}
}

// world starts the services of a scene.
func (s scene) world(t *testing.T) *world {
	t.Helper()
	unlimited := process.Env{"API_RATE_LIMIT_STANDARD": "0", "API_RATE_LIMIT_OAUTH": "0", "API_WORKERS": "0"}
	w := startWorld(t, testenv.Embedded, stack.Setup{
		Replicas: 2, AuthEnv: cheapPasswords.With(s.auth), APIEnv: unlimited.With(s.api),
	})
	if len(s.shifts) > 0 {
		var err error
		if w.Binaries.API, err = stack.BuildShifted(t.Context(), "resourceapi", t.TempDir()); err != nil {
			t.Fatal(err)
		}
	}
	for _, shift := range s.shifts {
		w.APIEnv[stack.ClockShift] = shift
		if err := w.AddAPI(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// watch asks every replica with every credential, until the test ends. They begin
// at different moments: an answer that one replica took over from another late in
// its life would otherwise not be seen to live too long.
func (w *world) watch(list []revocable) []*watcher {
	ctx, stop := context.WithCancel(w.t.Context())
	var running sync.WaitGroup
	w.t.Cleanup(func() { stop(); running.Wait() })
	var watchers []*watcher
	for i, c := range list {
		for k, api := range w.APIs {
			o := &watcher{revocable: c, replica: api, calm: make(chan struct{})}
			watchers = append(watchers, o)
			begin := time.Duration(i)*150*time.Millisecond + time.Duration(k)*450*time.Millisecond
			running.Go(func() { o.run(ctx, begin) })
		}
	}
	return watchers
}

// revokeAll revokes every credential that is watched, all at once, and returns
// when each was told to be.
func revokeAll(t *testing.T, watchers []*watcher) map[string]time.Time {
	t.Helper()
	byName := map[string]revocable{}
	for _, o := range watchers {
		byName[o.what] = o.revocable
	}
	list := slices.Collect(maps.Values(byName))
	revoked := map[string]time.Time{}
	for i, at := range together(len(list), func(i int) time.Time {
		if err := list[i].revoke(); err != nil {
			t.Errorf("revoking %s: %v", list[i].what, err)
		}
		return time.Now()
	}) {
		revoked[list[i].what] = at
	}
	return revoked
}
