package stack

import (
	"io"
	"strings"
	"testing"
)

func TestProgressTellsPackagesFromComplaints(t *testing.T) {
	p := &progress{out: io.Discard, total: 3}
	complaints := p.watch(strings.NewReader("net/http\ngithub.com/a/b/v2\n# latchkey/x\nx/y.go:3:1: undefined: z\nlatchkey/x\n"))
	if p.started != 3 || p.latest != "latchkey/x" {
		t.Errorf("%d packages, the last %q", p.started, p.latest)
	}
	if want := "# latchkey/x\nx/y.go:3:1: undefined: z\n"; complaints != want {
		t.Errorf("complaints are %q", complaints)
	}
}
