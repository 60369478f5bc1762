package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// pasted names the tests that paste the commands below a heading of docs/operations.md.
var pasted = map[string]string{
	"### On one machine without containers": "TestD9_OneMachineAsDocumented",
	"### PostgreSQL":                        "TestBackupOfPostgresIsRestored",
	"### SQLite":                            "TestBackupOfSQLiteIsRestored",
}

// notRun says why commands below a heading are run by no test, and what stands in.
var notRun = map[string]string{
	"### In containers": "there is no container engine; TestComposeEnvironmentRuns starts both services as the compose file says, and secrets.sh runs there",
	"### On Kubernetes": "there is no cluster; TestD9_KubernetesManifests decodes what is applied, and TestD9_KubernetesFilesAreMade runs secrets.sh",
}

// block are commands of docs/operations.md.
type block struct{ heading, language, text string }

func blocksOf(document string) (found []block) {
	heading, open := "", (*block)(nil)
	for line := range strings.Lines(document) {
		fence, fenced := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case open != nil && fenced:
			found, open = append(found, *open), nil
		case open != nil:
			open.text += line
		case fenced:
			open = &block{heading, fence, ""}
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(line)
		}
	}
	return found
}

// TestOperationsAreRun: every command block of docs/operations.md is run here, or pasted
// by another test, or in a list with its reason.
func TestOperationsAreRun(t *testing.T) {
	document, sources := deployed(t, "docs", "operations.md"), sourcesOfTests(t)
	if indented := regexp.MustCompile(`(?m)^    \S.*`).FindString(document); indented != "" {
		t.Errorf("commands stand between fences, so that they are found: %q", indented)
	}
	for heading, test := range pasted {
		if !strings.Contains(sources, "func "+test+"(") || !strings.Contains(sources, `documented(t, "`+heading+`")`) {
			t.Errorf("no %s pastes what is below %q", test, heading)
		}
	}
	for heading, reason := range notRun {
		for _, test := range regexp.MustCompile(`Test\w+`).FindAllString(reason, -1) {
			if !strings.Contains(sources, "func "+test+"(") {
				t.Errorf("%s, which stands in for %q, is not there", test, heading)
			}
		}
	}
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_CANARY_EMAIL": "canary@example.com", "AUTH_CANARY_INTERVAL": "1s", "AUTH_REGISTRATION": "token"}}, func(w *world) {
		p := w.newPlace()
		for _, b := range blocksOf(document) {
			switch {
			case pasted[b.heading] != "" || notRun[b.heading] != "":
			case b.language == "sql":
				p.endEverything(b.text)
			case b.language == "sh":
				for line := range strings.Lines(b.text) {
					p.run(strings.TrimSpace(line))
				}
			default:
				w.t.Errorf("%s: nobody knows what %q is", b.heading, b.language)
			}
		}
		p.inline(document)
	})
}

// sourcesOfTests are the files beside this one.
func sourcesOfTests(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		raw, err := os.ReadFile(file) //nolint:gosec // beside this one
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	return all.String()
}

// place is where an operator sits: both programs are on the path, with the settings of
// the services that run.
type place struct {
	*world

	dir     string
	rewrite *strings.Replacer
	env     []string
	app     *actor.App
	pair    Pair
	bound   string // the id of a confidential client
}

func (w *world) newPlace() *place {
	w.t.Helper()
	w.person() // who is the operator
	p := &place{world: w, dir: w.t.TempDir(), app: w.public(), bound: w.confidential().Client.ID}
	for name, of := range map[string]*process.Process{"authserver": w.Auth, "resourceapi": w.API()} {
		script := "#!/bin/sh\n"
		for _, pair := range of.Environ() {
			key, value, _ := strings.Cut(pair, "=")
			if strings.Contains(key, "_") { // PATH is the caller's
				script += "export " + key + "='" + value + "'\n"
			}
		}
		script += "exec " + map[string]string{"authserver": w.Binaries.Auth, "resourceapi": w.Binaries.API}[name] + ` "$@"` + "\n"
		p.write(name, script)
		p.write(name+".log", of.Log())
	}
	for _, email := range []string{"ada@example.com", "canary@example.com"} {
		somebody := actor.NewPerson(w.Auth.URL)
		somebody.Email = email
		if _, err := somebody.SignUp(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if email == "ada@example.com" {
			p.pair = w.tokensOf(somebody, p.app, "read")
			w.authenticator(somebody)
		}
	}
	refused := w.send(http.MethodGet, w.API().URL+accounts, bearer("oat_none"), "")
	request := refused.Header.Get("X-Request-Id")
	testenv.Eventually(w.t, 30*time.Second, "the log has the request", func() bool { return strings.Contains(w.API().Log(), request) })
	p.write("resourceapi.log", w.API().Log())
	p.write("logo.png", string(aLogo(w.t, 40)))
	p.env = []string{"PATH=" + p.dir + ":" + os.Getenv("PATH"), "HOME=" + p.dir, "TOKEN=" + p.pair.Access}
	p.rewrite = strings.NewReplacer("4a0cgmd2wm5e-1f", request, "/var/log/latchkey", p.dir, "logo.png", filepath.Join(p.dir, "logo.png"),
		"http://127.0.0.1:8090", w.Auth.Ops, "http://127.0.0.1:8091", w.API().Ops)
	return p
}

func (p *place) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o755); err != nil { //nolint:gosec // programs among them
		p.t.Fatal(err)
	}
}

func (p *place) bash(line string) (string, error) {
	cmd := exec.CommandContext(p.t.Context(), "/bin/bash", "-euo", "pipefail", "-c", line) //nolint:gosec // our own documents
	cmd.Dir, cmd.Env = p.Dir, p.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run runs a line as it stands, with the ids, addresses and places of here.
func (p *place) run(line string) {
	p.t.Helper()
	words := strings.Fields(line)
	if i := slices.Index(words, "ID"); i > 0 {
		line = strings.Replace(line, " ID", " "+p.id(words[1:i]), 1)
	}
	var out string
	var err error
	tried := func() bool { // what metrics show comes after a while
		out, err = p.bash(p.rewrite.Replace(line))
		return err == nil || words[0] != "curl"
	}
	testenv.Eventually(p.t, 30*time.Second, line, tried)
	if line == "resourceapi doctor" && p.production() && strings.Count(out, "failure  ") == 1 && strings.Contains(out, "failure  role") {
		return // PostgreSQL of tests has one role, of which doctor must complain
	}
	if err != nil || strings.TrimSpace(out) == "" {
		p.t.Errorf("%s: %v\n%s", line, err, out)
	}
}

// id is one that the command can be given.
func (p *place) id(command []string) string {
	p.t.Helper()
	switch {
	case slices.Equal(command, []string{"client", "rotate-secret"}), slices.Equal(command, []string{"client", "delete"}):
		return p.bound
	case command[0] == "client":
		return p.app.Client.ID
	}
	list := []string{command[0], "list", "--json"}
	if command[0] == "grant" {
		list = append(list, "ada@example.com")
	}
	out, err := p.CLI(p.t.Context(), list...)
	var rows []struct{ ID string }
	if err := json.Unmarshal(out, &rows); err != nil || len(rows) == 0 {
		p.t.Fatalf("%v: %v: %s", list, err, out)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return rows[0].ID
}

// endEverything runs statements that end all access, where the engine knows them.
func (p *place) endEverything(text string) {
	p.t.Helper()
	if !p.production() {
		return
	}
	pair := p.tokensOf(p.person(), p.app, "read")
	if !p.active(pair.Access) {
		p.t.Fatal("the token is not active")
	}
	for statement := range strings.SplitSeq(strings.TrimSpace(text), ";") {
		if strings.TrimSpace(statement) != "" {
			execIn(p.t, p.AuthDB, statement)
		}
	}
	if p.active(pair.Access) {
		p.t.Error("a token works after everything was ended")
	}
}

var (
	inlineCode = regexp.MustCompile("`((?:authserver|resourceapi) [^`]+)`")
	commandish = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

// inline asks for the help of every command that the text names, which must know the
// flags that are named with it.
func (p *place) inline(document string) {
	p.t.Helper()
	asked := 0
	for _, m := range inlineCode.FindAllStringSubmatch(document, -1) {
		words := strings.Fields(m[1])
		end := 1
		for end < len(words) && commandish.MatchString(words[end]) {
			end++
		}
		if end == 1 || words[1] == "help" || words[1] == "completion" {
			continue
		}
		asked++
		out, err := p.bash(strings.Join(words[:end], " ") + " -h")
		if err != nil {
			p.t.Errorf("%s: %v\n%s", m[1], err, out)
		}
		for _, word := range words[end:] {
			if name, ok := strings.CutPrefix(word, "--"); ok && !strings.Contains(out, "-"+name) {
				p.t.Errorf("%s: there is no --%s", m[1], name)
			}
		}
	}
	if asked < 15 {
		p.t.Errorf("%d commands in the text", asked)
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if out, err := p.bash("authserver completion " + shell); err != nil || !strings.Contains(out, "authserver") {
			p.t.Errorf("completion %s: %v", shell, err)
		}
	}
	if out, err := p.bash("authserver help client create"); err != nil || !strings.Contains(out, "--name") {
		p.t.Errorf("help: %v %s", err, out)
	}
}
