package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, events string) (*report, string) {
	t.Helper()
	var out bytes.Buffer
	r := newReport(&out, 3, time.Now)
	if err := r.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	r.end()
	return r, out.String()
}

func TestReportCountsAndShowsWhatFailed(t *testing.T) {
	_, out := read(t, `{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Test":"TestGood","Output":"quiet\n"}
{"Action":"pass","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestBad","Output":"the reason\n"}
{"Action":"fail","Package":"p","Test":"TestBad"}
{"Action":"output","Package":"p","Test":"TestAway","Output":"=== RUN\n"}
{"Action":"output","Package":"p","Test":"TestAway","Output":"    x.go:1: nobody answers\n"}
{"Action":"output","Package":"p","Test":"TestAway","Output":"--- SKIP: TestAway\n"}
{"Action":"skip","Package":"p","Test":"TestAway"}
{"Action":"fail","Package":"p","Elapsed":1.5}
`)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if last := lines[len(lines)-1]; last != "1 passed, 1 failed, 1 skipped" {
		t.Errorf("the last line is %q", last)
	}
	for _, want := range []string{"the reason", "skipped p TestAway: x.go:1: nobody answers", "engines: SQLite yes", "FAIL  p 1.5s (1 of 3)"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if strings.Contains(out, "quiet") {
		t.Errorf("a passed test talks:\n%s", out)
	}
}

func TestReportNoticesPackagesThatNeverRan(t *testing.T) {
	for what, events := range map[string]string{
		"a build that failed": `{"ImportPath":"p","Action":"build-output","Output":"undefined: x\n"}
{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Output":"FAIL p [build failed]\n"}
{"Action":"fail","Package":"p","Elapsed":0}
`,
		"a run that was cut off": `{"Action":"start","Package":"p"}
{"Action":"pass","Package":"p","Test":"TestGood"}
`,
	} {
		if r, out := read(t, events); r.broken != 1 || !strings.HasSuffix(strings.TrimSpace(out), "1 failed, 0 skipped") {
			t.Errorf("%s: broken is %d\n%s", what, r.broken, out)
		}
	}
}

func TestReportNamesWhatIsRunning(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	r := newReport(&out, 0, func() time.Time { return now })
	r.running()
	for _, name := range []string{"b", "a"} {
		r.line(`{"Action":"start","Package":"` + name + `"}`)
		now = now.Add(10 * time.Second)
	}
	r.running()
	r.line(`{"Action":"pass","Package":"b","Elapsed":20}`)
	r.running()
	want := "…     running: b (20s), a (10s)\nok    b 20.0s\n…     running: a (10s)\n"
	if out.String() != want {
		t.Errorf("printed %q", out.String())
	}
}

// Tests that run at once: what one says is not shown as another's, and when the package
// ends before they do, each shows what it said.
func TestReportTellsParallelTestsApart(t *testing.T) {
	_, out := read(t, `{"Action":"start","Package":"p"}
{"Action":"start","Package":"q"}
{"Action":"output","Package":"p","Test":"TestA","Output":"a says\n"}
{"Action":"output","Package":"q","Test":"TestA","Output":"in q\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"b says\n"}
{"Action":"output","Package":"p","Test":"TestC","Output":"=== PAUSE TestC\n"}
{"Action":"output","Package":"p","Test":"TestC/sub","Output":"c says\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"a again\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"panic: for a reason\n"}
{"Action":"output","Package":"p","Output":"FAIL p 1.0s\n"}
{"Action":"fail","Package":"p","Elapsed":1}
{"Action":"pass","Package":"q","Test":"TestA"}
{"Action":"pass","Package":"q","Elapsed":1}
`)
	want := `--- FAIL: p TestA
a says
a again
FAIL  p 1.0s (1 of 3)
--- DID NOT END: p TestB
b says
panic: for a reason
--- DID NOT END: p TestC/sub
c says
ok    q 1.0s (2 of 3)
`
	if !strings.HasPrefix(out, want) {
		t.Errorf("printed\n%s\nwant\n%s", out, want)
	}
}
