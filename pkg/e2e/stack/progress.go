package stack

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"
)

// progressEvery is how often a build that takes long says how far it is.
const progressEvery = 5 * time.Second

// compiled is what `go list` says of a package the next build has to compile, or
// only to link.
const compiled = `{{if .Stale}}{{if ne .StaleReason "not installed but available in build cache"}}{{.ImportPath}}{{end}}{{end}}`

// progress says on out how many packages of a build have been compiled. It reads
// the names that `go build -v` prints as it turns to each.
type progress struct {
	out   io.Writer
	total int

	mu      sync.Mutex
	started int
	latest  string
}

// newProgress counts what a build of packages in dir, with env and args, will
// compile.
func newProgress(ctx context.Context, out io.Writer, dir string, env, args, packages []string) (*progress, error) {
	list := append(append([]string{"list", "-deps", "-f", compiled}, args...), packages...)
	cmd := exec.CommandContext(ctx, "go", list...)
	cmd.Dir, cmd.Env = dir, env
	names, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("stack: count packages: %w", err)
	}
	return &progress{out: out, total: len(bytes.Fields(names))}, nil
}

// watch reads the output of `go build -v` to its end and returns what is not the
// name of a package: complaints.
func (p *progress) watch(in io.Reader) string {
	done := make(chan struct{})
	defer close(done)
	go p.report(done)
	var rest bytes.Buffer
	for lines := bufio.NewScanner(in); lines.Scan(); {
		line := lines.Text()
		if bytes.ContainsAny(lines.Bytes(), " :#\t") {
			rest.WriteString(line + "\n")
			continue
		}
		p.mu.Lock()
		p.started, p.latest = p.started+1, line
		p.mu.Unlock()
	}
	return rest.String()
}

func (p *progress) report(done <-chan struct{}) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for seconds := 5; ; seconds += 5 {
		select {
		case <-done:
			return
		case <-tick.C:
			p.mu.Lock()
			fmt.Fprintf(p.out, "  %3d s: %d of %d packages, now %s\n", seconds, p.started, p.total, p.latest)
			p.mu.Unlock()
		}
	}
}
