package chaos_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/e2e/load"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/process"
)

var (
	full = flag.Bool("full", false, "faults last as long as people would notice, one after the other, with the timeouts that come by default")
	file = flag.Bool("write", false, "write the table into docs/outages.md")
	only = flag.String("only", "", "only faults whose name contains this")
)

// The bounds that a run is held to.
const (
	life    = time.Second      // API_CREDENTIAL_LIFE, as it comes
	mending = 30 * time.Second // until everything works again by itself
)

// form is how long and how hard a run is.
type form struct {
	rate     float64
	size     load.Size
	name     string
	lasts    time.Duration // of a fault
	long     time.Duration // of one that shows after a while
	settings process.Env   // of both services
}

// mix has more of what can be lost, and of what is taken back.
var mix = load.Mix{load.SignIn: 2, load.Code: 14, load.Refresh: 20, load.Read: 30, load.Write: 17, load.Key: 3, load.Revoke: 14}

func theForm() form {
	if *full {
		return form{
			name: "`make chaos`", rate: 40, lasts: 10 * time.Second, long: 20 * time.Second,
			size: load.Size{People: 8, Grants: 700, Connections: 640, Mix: mix, Timeout: time.Minute},
		}
	}
	return form{
		name: "`make chaos-short`, which continuous integration runs too, all timeouts of requests 2 s and three deployments at once on a busy machine",
		rate: 25, lasts: time.Second, long: 3 * time.Second,
		size:     load.Size{People: 4, Grants: 120, Connections: 100, Mix: mix, Timeout: 20 * time.Second},
		settings: process.Env{"AUTH_REQUEST_TIMEOUT": "2s", "API_REQUEST_TIMEOUT": "2s", "API_INTROSPECTION_TIMEOUT": "1s"},
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := stack.RemoveBuilt(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// TestOutages provokes every fault there is under load. Nobody is answered with 500,
// or with 503 without Retry-After; nothing that was taken back is accepted later than
// API_CREDENTIAL_LIFE; nothing that was acknowledged is lost; and everything works
// again by itself.
func TestOutages(t *testing.T) {
	var (
		mu   sync.Mutex
		rows = map[string]row{}
	)
	note := func(r row) {
		mu.Lock()
		defer mu.Unlock()
		rows[r.fault] = r
	}
	t.Run("scenarios", func(t *testing.T) {
		for _, c := range scenarios {
			t.Run(c.name, func(t *testing.T) {
				if !*full {
					t.Parallel()
				}
				c.run(t, theForm(), note)
			})
		}
	})
	text := table(rows)
	t.Log("\n" + text)
	if *file && *only == "" && !t.Failed() {
		if err := load.Put("outages.md", "make chaos", heading()+text); err != nil {
			t.Fatal(err)
		}
	}
}

// scenario is a deployment, and the faults that are injected into it.
type scenario struct {
	name   string
	build  func(t *testing.T, f form) *environment
	faults []fault
}

// fault is something that goes wrong.
type fault struct {
	name    string
	long    bool                              // it shows after a while
	refuses bool                              // somebody must be refused, or the fault was none
	begin   func(e *environment) (end func()) // end makes good what does not become good by itself
}

func (c scenario) run(t *testing.T, f form, note func(row)) {
	chosen := slices.DeleteFunc(slices.Clone(c.faults), func(one fault) bool { return !strings.Contains(one.name, *only) })
	if len(chosen) == 0 {
		return
	}
	e := c.build(t, f)
	e.t, e.form = t, f
	var err error
	if e.generator, err = load.NewGenerator(t.Context(), e.d, f.size); err != nil {
		t.Fatal(err)
	}
	for _, one := range chosen {
		r := e.inject(one)
		note(r)
		t.Logf("%s", r)
	}
	if log := e.d.Logs(); strings.Contains(log, "panic") {
		t.Errorf("somebody panicked:\n%.4000s", log)
	}
}

// faultNames are the names of all, in the order of the table.
func faultNames() []string {
	var names []string
	for _, c := range scenarios {
		for _, f := range c.faults {
			names = append(names, f.name)
		}
	}
	return names
}

func heading() string {
	f := theForm()
	return fmt.Sprintf("%s, %s UTC, %d CPUs, %s, everything on one machine. %.0f requests a second are due, whatever is answered. A fault lasts %s, "+
		"one that shows after a while %s.\n\n", f.name, time.Now().UTC().Format("2006-01-02 15:04"), runtime.NumCPU(), runtime.Version(), f.rate, f.lasts, f.long)
}

func table(rows map[string]row) string {
	var b strings.Builder
	b.WriteString("| fault | answers beside the good ones | refused after | works again after | revoked, accepted | acknowledged, lost |\n|---|---|---|---|---|---|\n")
	for _, name := range faultNames() {
		if r, ok := rows[name]; ok {
			b.WriteString(r.String() + "\n")
		}
	}
	return b.String()
}

// TestTheDocumentHasEveryFault, in the order of the program.
func TestTheDocumentHasEveryFault(t *testing.T) {
	made, err := load.Made("outages.md", "make chaos")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(made) {
		if cells := strings.Split(line, "|"); len(cells) > 2 && !strings.HasPrefix(line, "|---") && !strings.HasPrefix(line, "| fault |") {
			names = append(names, strings.TrimSpace(cells[1]))
		}
	}
	if !slices.Equal(names, faultNames()) {
		t.Errorf("docs/outages.md has\n%q\nthe program\n%q\nrun make chaos", names, faultNames())
	}
}
