package cli

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/mattn/go-isatty"
)

const progressEvery = 200 * time.Millisecond

// Quiet gives a command of long work --quiet.
func Quiet(flags *flag.FlagSet, quiet *bool) {
	flags.BoolVar(quiet, "quiet", false, "do not say on the terminal how far the work is")
}

// OnTerminal reports whether what a command prints goes to a terminal: then it shows
// itself how far it is.
func OnTerminal() bool { return isatty.IsTerminal(os.Stdout.Fd()) }

// Progress says on the terminal how far long work is. Where standard error is no
// terminal it says nothing. A nil *Progress is silent too.
type Progress struct {
	what string
	n    int64
	told time.Time
}

// NewProgress returns a Progress that counts what; quiet: a silent one.
func NewProgress(what string, quiet bool) *Progress {
	if quiet || !isatty.IsTerminal(os.Stderr.Fd()) {
		return nil
	}
	return &Progress{what: what}
}

// Add counts n more.
func (p *Progress) Add(n int64) {
	if p == nil || n == 0 {
		return
	}
	p.n += n
	if now := time.Now(); now.Sub(p.told) >= progressEvery { //nolint:forbidigo // a person waits
		p.told = now
		fmt.Fprintf(os.Stderr, "\r%s: %d", p.what, p.n)
	}
}

// End takes the line away: the command prints what came of it.
func (p *Progress) End() {
	if p != nil {
		fmt.Fprint(os.Stderr, "\r\033[K")
	}
}
