package httpserver

import (
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
)

// NewLogger returns a logger that writes JSON to out, or text when out is a
// terminal; a line in a request names it. The
// level may change while it serves (slog.LevelVar). Lines are handed to a goroutine that writes whatever has gathered,
// so that a request does not wait for the log; call flush before the process
// ends.
func NewLogger(out *os.File, level slog.Leveler) (log *slog.Logger, flush func()) {
	opts := &slog.HandlerOptions{Level: level}
	if isatty.IsTerminal(out.Fd()) {
		return slog.New(identified{slog.NewTextHandler(out, opts)}), func() {}
	}
	w := newGatherer(out)
	return slog.New(identified{slog.NewJSONHandler(w, opts)}), w.flush
}

const (
	gatherAtMost = 1 << 20 // bytes; beyond it writers wait
	// gatherFor is how long the first line waits for others: waking a goroutine
	// for each line would cost more than writing it.
	gatherFor = 5 * time.Millisecond
)

// gatherer collects lines while the previous ones are being written.
type gatherer struct {
	out  io.Writer
	mu   sync.Mutex
	cond sync.Cond // signalled when lines come, are taken, and are written
	buf  []byte
	busy bool
}

func newGatherer(out io.Writer) *gatherer {
	g := &gatherer{out: out}
	g.cond.L = &g.mu
	go g.run()
	return g
}

// Write implements io.Writer. It never fails: there is nobody to tell.
func (g *gatherer) Write(line []byte) (int, error) {
	g.mu.Lock()
	for len(g.buf) > gatherAtMost {
		g.cond.Wait()
	}
	first := len(g.buf) == 0
	g.buf = append(g.buf, line...)
	g.mu.Unlock()
	if first {
		g.cond.Broadcast()
	}
	return len(line), nil
}

func (g *gatherer) run() {
	var spare []byte
	for {
		g.mu.Lock()
		for len(g.buf) == 0 {
			g.cond.Wait()
		}
		g.mu.Unlock()
		time.Sleep(gatherFor) //nolint:forbidigo // gathering is waiting
		g.mu.Lock()
		lines := g.buf
		g.buf, g.busy = spare[:0], true
		g.mu.Unlock()
		_, _ = g.out.Write(lines) // see Write
		spare = lines
		g.mu.Lock()
		g.busy = false
		g.mu.Unlock()
		g.cond.Broadcast()
	}
}

// flush returns when everything written before it has left.
func (g *gatherer) flush() {
	g.mu.Lock()
	for len(g.buf) > 0 || g.busy {
		g.cond.Wait()
	}
	g.mu.Unlock()
}
