// Command testreport reads the output of `go test -json` and prints what a
// person wants to see of it: the packages as they end and those that take long,
// the output of what failed, why something was skipped, and at the end which
// engines took part and how many tests ran. It exits 1 when anything failed.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"latchkey/pkg/testenv"
)

type event struct {
	Action     string
	Package    string
	ImportPath string // of a build that failed
	Test       string
	Elapsed    float64
	Output     string
}

type report struct {
	out                     io.Writer
	passed, failed, skipped int
	broken                  int                  // packages that failed without a failing test
	output                  map[string][]string  // by package and test, until it ends
	failedIn                map[string]bool      // packages with a failing test
	open                    map[string]time.Time // packages that have started and not ended, and when
	skips                   []string
	packages, ended         int // how many there are (0: nobody said) and how many have ended
	now                     func() time.Time

	mu sync.Mutex // held while a line is read or progress is printed
}

// progressEvery is how often the packages that are still running are named.
const progressEvery = 30 * time.Second

func main() {
	packages := flag.Int("packages", 0, "how many packages are tested")
	flag.Parse()
	r := newReport(os.Stdout, *packages, time.Now)
	go r.progress(time.Tick(progressEvery))
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	if !r.end() {
		os.Exit(1)
	}
}

func newReport(out io.Writer, packages int, now func() time.Time) *report {
	return &report{
		out: out, packages: packages, now: now,
		output: map[string][]string{}, failedIn: map[string]bool{}, open: map[string]time.Time{},
	}
}

// end prints the summary and reports whether everything passed.
func (r *report) end() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken += len(r.open)
	r.summary()
	return r.failed+r.broken == 0 && r.passed > 0
}

func (r *report) progress(ticks <-chan time.Time) {
	for range ticks {
		r.running()
	}
}

// running names the packages whose tests are running, those that began first
// before the others.
func (r *report) running() {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := slices.SortedFunc(maps.Keys(r.open), func(a, b string) int { return r.open[a].Compare(r.open[b]) })
	for i, name := range names {
		names[i] = fmt.Sprintf("%s (%.0fs)", name, r.now().Sub(r.open[name]).Seconds())
	}
	if len(names) > 0 {
		fmt.Fprintln(r.out, "…     running:", strings.Join(names, ", "))
	}
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			r.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read test output: %w", err)
		}
	}
}

func (r *report) line(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var e event
	if json.Unmarshal([]byte(line), &e) != nil { // the go command's own words
		fmt.Fprint(r.out, line)
		return
	}
	key := e.Package + " " + e.Test
	switch e.Action {
	case "start":
		r.open[e.Package] = r.now()
	case "output":
		r.output[key] = append(r.output[key], e.Output)
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "pass", "skip", "fail":
		r.result(e, key)
		delete(r.output, key)
	}
}

func (r *report) result(e event, key string) {
	if e.Test == "" {
		r.endPackage(e, key)
		return
	}
	switch e.Action {
	case "pass":
		r.passed++
	case "skip":
		r.skipped++
		r.skips = append(r.skips, reason(e, r.output[key]))
	case "fail":
		r.failed++
		r.failedIn[e.Package] = true
		fmt.Fprintf(r.out, "--- FAIL: %s %s\n%s", e.Package, e.Test, strings.Join(r.output[key], ""))
	}
}

func (r *report) endPackage(e event, key string) {
	delete(r.open, e.Package)
	word := map[string]string{"pass": "ok", "skip": "-", "fail": "FAIL"}[e.Action]
	r.ended++
	fmt.Fprintf(r.out, "%-5s %s %.1fs%s\n", word, e.Package, e.Elapsed, r.count())
	if e.Action == "fail" && !r.failedIn[e.Package] {
		r.broken++
		fmt.Fprint(r.out, strings.Join(r.output[key], ""))
	}
	r.unended(key)
}

// unended shows what tests of a package said that had not ended when it did: one of
// them has the reason. The package is the prefix, with a blank.
func (r *report) unended(prefix string) {
	for _, key := range slices.Sorted(maps.Keys(r.output)) {
		if key == prefix || !strings.HasPrefix(key, prefix) {
			continue
		}
		if slices.ContainsFunc(r.output[key], ownWords) {
			fmt.Fprintf(r.out, "--- DID NOT END: %s\n%s", key, strings.Join(r.output[key], ""))
		}
		delete(r.output, key)
	}
}

// ownWords reports whether a line of a test is more than that it began, waits or goes on.
func ownWords(line string) bool { return !strings.HasPrefix(line, "=== ") }

// count says how many packages have ended, of how many.
func (r *report) count() string {
	if r.packages == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d of %d)", r.ended, r.packages)
}

// reason is the last thing a skipped test said.
func reason(e event, output []string) string {
	for _, line := range slices.Backward(output) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "===") {
			return filepath.Base(e.Package) + " " + e.Test + ": " + line
		}
	}
	return filepath.Base(e.Package) + " " + e.Test
}

func (r *report) summary() {
	fmt.Fprintln(r.out)
	for _, s := range r.skips {
		fmt.Fprintln(r.out, "skipped", s)
	}
	if r.broken > 0 {
		fmt.Fprintf(r.out, "%d packages failed to build or ended before their tests did\n", r.broken)
	}
	fmt.Fprintln(r.out, "engines: SQLite yes, in-process cache yes, PostgreSQL", answer(testenv.PostgresURL), "and Redis", answer(testenv.RedisURL))
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed+r.broken, r.skipped)
}

func answer(ask func() (string, error)) string {
	if _, err := ask(); err != nil {
		return "no (nobody answers)"
	}
	return "yes"
}
