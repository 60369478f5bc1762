package load_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/load"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

var (
	lasts       = flag.Duration("for", 15*time.Second, "how long the load lasts")
	connections = flag.Int("connections", 60, "connections to the origin")
	calibrate   = flag.Duration("saturate", 4*time.Second, "how long saturation is measured first")
	write       = flag.Bool("write", false, "write the table into docs/scale.md")
)

// life is API_CREDENTIAL_LIFE, as it comes.
const life = time.Second

func TestMain(m *testing.M) {
	code := m.Run()
	if err := stack.RemoveBuilt(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// TestLoadAtHalfOfSaturation: nothing fails, nothing is lost, memory stays, and what
// is revoked is refused within its bound. `make load` is its long form, in which nobody
// may be refused either; in the short one others use the machine.
func TestLoadAtHalfOfSaturation(t *testing.T) {
	postgres := testenv.StartPostgresServer(t, "fsync=on", "autovacuum=on", "shared_buffers=256MB", "max_connections=100")
	redis := testenv.StartRedis(t)
	m := &machine{postgres: postgres, redis: redis}
	m.deploy(t)
	generator, err := load.NewGenerator(t.Context(), m.d, load.Size{
		People: 32, Grants: 2 * *connections, Connections: *connections, Mix: load.Everyday, Timeout: 30 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	warming := generator.Closed(t.Context(), 64)
	<-time.After(*calibrate)
	warm := warming.Stop()
	saturation := float64(len(warm)) / time.Since(begin).Seconds()

	before := m.look()
	run := generator.Open(t.Context(), saturation/2)
	<-time.After(*lasts / 2)
	middle := m.look()
	<-time.After(*lasts / 2)
	samples := run.Stop()
	after := m.look()
	if err := generator.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	tables := fmt.Sprintf("%s UTC, %d CPUs, %s, generator, proxy and engines on the same CPUs. %d connections; saturation (64 connections, each with the next request when it has "+
		"its answer) %.0f/s; open loop at %.0f/s for %s.\n\n%s\n%s", time.Now().UTC().Format("2006-01-02 15:04"), runtime.NumCPU(), runtime.Version(),
		*connections, saturation, saturation/2, *lasts, kinds(samples), m.costs(before, middle, after, len(samples)))
	tables += fmt.Sprintf("\n%d revocations, each watched at both replicas of resourceapi. From the answer of the revocation to the first refusal: p50 %s, longest %s. "+
		"The last request that was let in was sent %s after its revocation. Acknowledged and lost: %d.\n",
		len(generator.Refusals())/2, short(load.Quantile(generator.Refusals(), 0.5)), short(load.Quantile(generator.Refusals(), 1)), short(generator.Accepted()), len(generator.Lost()))
	t.Log("\n" + tables)
	m.judge(t, samples, generator, middle, after)
	if *write && !t.Failed() {
		if err := load.Put("scale.md", "make load", tables); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *machine) judge(t *testing.T, samples []load.Sample, generator *load.Generator, middle, after sight) {
	t.Helper()
	for _, s := range samples {
		if refused := strings.HasPrefix(s.Status, "503") && !s.Bare; !s.Good && (*write || !refused) {
			t.Errorf("%s: %s %s", s.Kind, s.Status, s.Body)
		}
	}
	for _, what := range generator.Lost() {
		t.Errorf("lost: %s", what)
	}
	if late := generator.Accepted(); late > life {
		t.Errorf("something was accepted %s after its revocation", late)
	}
	if len(generator.Refusals()) == 0 {
		t.Error("nothing was revoked")
	}
	for name, grown := range after.memory {
		if name != ours && grown > 1.25*middle.memory[name]+16 { // two collections differ by as much as there is garbage
			t.Errorf("%s grew from %.0f to %.0f MiB", name, middle.memory[name], grown)
		}
	}
	if log := m.d.Logs(); *write && strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("the logs have errors:\n%.4000s", log)
	}
}

func short(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

func kinds(samples []load.Sample) string {
	var b strings.Builder
	b.WriteString("| what | times | p50 | p99 | errors |\n|---|---|---|---|---|\n")
	for _, kind := range load.Kinds {
		var took []time.Duration
		bad := 0
		for _, s := range samples {
			if s.Kind == kind {
				took = append(took, s.Took())
				if !s.Good {
					bad++
				}
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %d |\n", kind, len(took), short(load.Quantile(took, 0.5)), short(load.Quantile(took, 0.99)), bad)
	}
	return b.String()
}

const ours = "load generator and proxy"

// machine is everything that runs.
type machine struct {
	d        *load.Deployment
	postgres *testenv.PostgresServer
	redis    *testenv.RedisServer
}

// sight is what the processes had used at a moment.
type sight struct {
	at     time.Time
	cpu    map[string]time.Duration
	memory map[string]float64 // MiB
}

func (m *machine) deploy(t *testing.T) {
	t.Helper()
	setup := stack.Setup{Redis: m.redis.URL, Dir: t.TempDir()}
	for name, target := range map[string]*string{"auth": &setup.AuthDB, "api": &setup.APIDB} {
		*target = m.postgres.Database(name)
	}
	var err error
	if m.d, err = load.Start(t.Context(), setup, 2); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.d.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (m *machine) look() sight {
	s := sight{time.Now(), map[string]time.Duration{}, map[string]float64{}}
	for i := range m.d.Auths {
		for _, p := range []*process.Process{m.d.Auths[i], m.d.APIs[i]} {
			name := fmt.Sprintf("%s %d", p.Name, i+1)
			s.cpu[name], s.memory[name] = process.CPU(p.PID()), process.ResidentMiB(p.PID())
		}
	}
	s.cpu["PostgreSQL"] = process.TreeCPU(m.postgres.PID())
	s.cpu["Redis"], s.memory["Redis"] = process.CPU(m.redis.PID()), process.ResidentMiB(m.redis.PID())
	s.cpu[ours], s.memory[ours] = process.CPU(os.Getpid()), process.ResidentMiB(os.Getpid())
	return s
}

func (m *machine) costs(before, middle, after sight, done int) string {
	var b strings.Builder
	b.WriteString("| process | of a core | CPU ms for each of the above | MiB at the start | in the middle | at the end |\n|---|---|---|---|---|---|\n")
	for _, name := range []string{"authserver 1", "authserver 2", "resourceapi 1", "resourceapi 2", "PostgreSQL", "Redis", ours} {
		used := after.cpu[name] - before.cpu[name]
		memory := "– | – | –"
		if after.memory[name] > 0 {
			memory = fmt.Sprintf("%.0f | %.0f | %.0f", before.memory[name], middle.memory[name], after.memory[name])
		}
		fmt.Fprintf(&b, "| %s | %.0f %% | %.3f | %s |\n", name, 100*used.Seconds()/after.at.Sub(before.at).Seconds(),
			float64(used.Microseconds())/1000/float64(max(1, done)), memory)
	}
	return b.String()
}
