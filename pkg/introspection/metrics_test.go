package introspection_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/cache"
	"latchkey/pkg/fault"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
)

// count is what the counter of a name stands at, of the given label where it has
// one.
func count(t *testing.T, reg *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("there is no %s %s", name, label)
	return 0
}

func TestMetricsSayWhereAnswersComeFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, as, token := newClock(), &authority{}, secret.New(secret.AccessToken)
		store := &mischief{Store: cache.NewMemory(cache.Options{Now: c.now})}
		as.say(active, nil)
		isActive(t, newCached(t, as, store, c.now), token)
		synctest.Wait()
		reg := prometheus.NewRegistry()
		i := newCachedWith(t, as, introspection.CachedOptions{Store: store, Now: c.now, Registerer: reg})
		for range 3 {
			isActive(t, i, token)
		}
		c.advance(life)
		as.say(introspection.Answer{}, nil)
		isActive(t, i, token)
		store.off = true
		as.say(active, fault.New(fault.Unavailable, "away"))
		if _, err := i.Introspect(t.Context(), secret.New(secret.AccessToken)); err == nil {
			t.Error("no error")
		}
		for _, want := range []struct {
			name, label string
			n           float64
		}{
			{"introspection_lookups_total", "shared", 1},
			{"introspection_lookups_total", "process", 2},
			{"introspection_lookups_total", "authserver", 2},
			{"introspection_results_total", "active", 3},
			{"introspection_results_total", "inactive", 1},
			{"introspection_results_total", "unavailable", 1},
			{"introspection_shared_store_failures_total", "", 1},
			{"introspection_misdated_total", "", 0},
		} {
			if n := count(t, reg, want.name, want.label); n != want.n {
				t.Errorf("%s %s is %v, want %v", want.name, want.label, n, want.n)
			}
		}
	})
}

func TestAnOutageOfTheStoreIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, as := newClock(), &authority{}
		store := &mischief{Store: cache.NewMemory(cache.Options{Now: c.now})}
		as.say(active, nil)
		var log bytes.Buffer
		i, err := introspection.NewCached(as, introspection.CachedOptions{Store: store, Now: c.now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for _, store.off = range []bool{false, true, true, true} {
				isActive(t, i, secret.New(secret.AccessToken))
				synctest.Wait()
			}
		}
		if n := strings.Count(log.String(), "shared store away"); n != 2 {
			t.Errorf("two outages are %d lines:\n%s", n, log.String())
		}
	})
}
