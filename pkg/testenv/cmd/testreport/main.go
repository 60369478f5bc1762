// Command testreport reads the output of `go test -json` and prints what a
// person wants to see of it: the packages as they end, the output of what
// failed, why something was skipped, and at the end which engines took part and
// how many tests ran. It exits 1 when anything failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
	broken                  int                 // packages that failed without a failing test
	output                  map[string][]string // by package and test, until it ends
	failedIn                map[string]bool     // packages with a failing test
	open                    map[string]bool     // packages that have started and not ended
	skips                   []string
}

func main() {
	r := &report{out: os.Stdout, output: map[string][]string{}, failedIn: map[string]bool{}, open: map[string]bool{}}
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	r.broken += len(r.open)
	r.summary()
	if r.failed+r.broken > 0 || r.passed == 0 {
		os.Exit(1)
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
	var e event
	if json.Unmarshal([]byte(line), &e) != nil { // the go command's own words
		fmt.Fprint(r.out, line)
		return
	}
	key := e.Package + " " + e.Test
	switch e.Action {
	case "start":
		r.open[e.Package] = true
	case "output":
		r.output[key] = append(r.output[key], e.Output)
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "pass", "skip", "fail":
		r.end(e, key)
		delete(r.output, key)
	}
}

func (r *report) end(e event, key string) {
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
	fmt.Fprintf(r.out, "%-5s %s %.1fs\n", word, e.Package, e.Elapsed)
	if e.Action == "fail" && !r.failedIn[e.Package] {
		r.broken++
		fmt.Fprint(r.out, strings.Join(r.output[key], ""))
	}
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
