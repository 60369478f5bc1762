package chaos_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/load"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
)

// environment is a deployment under load, with the servers that it uses.
type environment struct {
	t         *testing.T
	form      form
	d         *load.Deployment
	generator *load.Generator

	postgres, standby *testenv.PostgresServer
	wire              *testenv.Proxy // to postgres
	redis, spare      *testenv.RedisServer
	redisWire         *testenv.Proxy
	disk              *testenv.Disk
	shifted           stack.Binaries // with a clock that can be moved
}

// row is what a fault did.
type row struct {
	fault    string
	seen     string
	refused  time.Duration // the longest that somebody waited who was refused
	again    time.Duration // from when the fault was over to the last request that was sent and refused
	accepted time.Duration
	lost     int
}

func (r row) String() string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %d |", r.fault, r.seen, short(r.refused), short(r.again), short(r.accepted), r.lost)
}

func short(d time.Duration) string {
	switch {
	case d <= 0:
		return "–"
	case d < time.Millisecond:
		return "< 1ms"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// inject lets a fault happen and waits until everything works again.
func (e *environment) inject(f fault) row {
	e.t.Helper()
	e.generator.Reset()
	run := e.generator.Open(e.t.Context(), e.form.rate)
	began := time.Now()
	e.eventually(run, f.name+": all is well before it", began)
	began = time.Now()
	end := f.begin(e)
	over := began // what mends itself is over when it happened
	if end != nil {
		lasts := e.form.lasts
		if f.long {
			lasts = e.form.long
		}
		<-time.After(lasts)
		end()
		over = time.Now()
	}
	e.eventually(run, f.name+": it works again by itself", over)
	<-time.After(1200 * time.Millisecond) // what was revoked last has no life left
	samples := run.Stop()
	if err := e.generator.Verify(e.t.Context()); err != nil {
		e.t.Errorf("%s: %v", f.name, err)
	}
	return e.judge(f, samples, began, over)
}

// settled is how long nothing may fail until it counts as working.
const settled = time.Second

// eventually waits until everything that was sent for a while was answered well.
func (e *environment) eventually(run *load.Run, what string, from time.Time) {
	e.t.Helper()
	var last []load.Sample
	deadline := time.Now().Add(mending)
	for {
		now := time.Now()
		last = run.Since(now.Add(-settled))
		bad := slices.ContainsFunc(last, func(one load.Sample) bool { return !one.Good })
		if !bad && len(last) >= int(e.form.rate*settled.Seconds()/2) && now.Sub(from) >= settled {
			return
		}
		if now.After(deadline) {
			e.t.Fatalf("not within %s: %s. The last: %+v\n%s", mending, what, last[max(0, len(last)-5):], end(e.d.Logs()))
		}
		<-time.After(50 * time.Millisecond)
	}
}

func end(log string) string { return log[max(0, len(log)-6000):] }

// judge makes the row, and complains of what must not be.
func (e *environment) judge(f fault, samples []load.Sample, began, over time.Time) row {
	e.t.Helper()
	r := row{fault: f.name, accepted: e.generator.Accepted(), lost: len(e.generator.Lost())}
	seen, refused := map[string]int{}, 0
	for _, one := range samples {
		if one.Good || one.Done.Before(began) {
			continue
		}
		seen[one.Status]++
		refused++
		r.refused = max(r.refused, one.Done.Sub(one.Sent))
		r.again = max(r.again, one.Sent.Sub(over))
		if strings.HasPrefix(one.Status, "500") {
			e.t.Errorf("%s: %s was answered with 500: %s\n%s", f.name, one.Kind, one.Body, end(e.d.Logs()))
		}
		if one.Bare {
			e.t.Errorf("%s: %s was answered with 503 without Retry-After", f.name, one.Kind)
		}
	}
	if f.refuses && refused == 0 {
		e.t.Errorf("%s: nobody was refused", f.name)
	}
	r.seen = fmt.Sprintf("none of %d", len(samples))
	if refused > 0 {
		var list []string
		for _, status := range slices.Sorted(maps.Keys(seen)) {
			list = append(list, fmt.Sprintf("%s (%d)", status, seen[status]))
		}
		r.seen = strings.Join(list, ", ") + fmt.Sprintf(" of %d", len(samples))
	}
	if r.accepted > life {
		e.t.Errorf("%s: something was accepted %s after its revocation", f.name, r.accepted)
	}
	for _, what := range e.generator.Lost() {
		e.t.Errorf("%s: lost: %s", f.name, what)
	}
	return r
}
