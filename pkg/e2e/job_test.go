package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

func TestMainJob(t *testing.T) {
	eachWorld(t, func(w *world) {
		var out strings.Builder
		if err := (&Demo{Stack: w.Stack, Out: &out}).Play(w.t.Context()); err != nil {
			w.t.Fatalf("%v, after\n%s", err, out.String())
		}
	})
}

// TestReadmeFirstCall pastes the commands of README.md into a shell.
func TestReadmeFirstCall(t *testing.T) {
	t.Parallel()
	w := &world{Stack: sharedStack(t, testenv.Embedded), t: t}
	commands := readmeCommands(t)
	if len(commands) != 5 || commands[0] != "make run" {
		t.Fatalf("README.md has %d commands: %q", len(commands), commands)
	}
	for _, tool := range []string{"bash", "curl", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil && !testenv.RequireEngines() {
			t.Skipf("%s is not here", tool)
		}
	}
	shell := startShell(t, w) // instead of make run: the stack is up

	if out := shell.paste(commands[1]); !strings.Contains(out, "client_id: ") {
		t.Fatalf("register: %s", out)
	}
	link := strings.TrimSpace(shell.paste(commands[2]))
	callback, err := w.person().Decide(t.Context(), link, actor.Allow)
	if err != nil {
		t.Fatal(err)
	}
	code, err := codeOf(callback)
	if err != nil {
		t.Fatal(err)
	}
	if out := shell.paste(strings.Replace(commands[3], "code=CODE", "code="+code, 1)); strings.TrimSpace(out) != "" {
		t.Errorf("exchange: %s", out)
	}
	if out := shell.paste(commands[4]); !strings.Contains(out, `"accounts"`) || !strings.Contains(out, "Cash") {
		t.Errorf("first call: %s", out)
	}
}

func readmeCommands(t *testing.T) []string { return samples(t, "README.md", "First call", "sh") }

// samples returns the blocks of code in a language that stand in a section of a page.
func samples(t *testing.T, page, section, language string) []string {
	t.Helper()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n## "+section+"\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	var blocks []string
	for _, block := range regexp.MustCompile("(?s)```"+language+"\n(.*?)\n```").FindAllStringSubmatch(rest, -1) {
		blocks = append(blocks, block[1])
	}
	return blocks
}

// shell is a terminal in which commands are pasted one after the other.
type shell struct {
	t       *testing.T
	in      io.Writer
	out     *bufio.Reader
	rewrite *strings.Replacer
}

func startShell(t *testing.T, w *world) *shell {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-u")
	cmd.Dir = w.Dir
	cmd.Env = append(os.Environ(), "AUTH_DATABASE_URL="+w.AuthDB)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return &shell{t: t, in: in, out: bufio.NewReader(out), rewrite: w.rewriter()}
}

// rewriter puts the addresses of this stack in the place of those of make run.
func (w *world) rewriter() *strings.Replacer {
	return strings.NewReplacer("bin/authserver", w.Binaries.Auth, "http://127.0.0.1:8080", w.Auth.URL, "http://127.0.0.1:8081", w.API().URL)
}

// paste runs one command and returns what it printed.
func (s *shell) paste(command string) string {
	s.t.Helper()
	const end = "--- end of output ---"
	fmt.Fprintf(s.in, "%s\necho; echo '%s'\n", s.rewrite.Replace(command), end)
	var out strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if strings.TrimSpace(line) == end {
			return out.String()
		}
		out.WriteString(line)
		if err != nil {
			s.t.Fatalf("the shell ended: %v\n%s", err, out.String())
		}
	}
}

func TestS14_T32_ACodeDiesUnused(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_CODE_LIFETIME": "300ms"}}, func(w *world) {
		app, p := w.public(), w.person()
		code, pkce := w.code(p, app, "read")
		<-time.After(400 * time.Millisecond)
		wantError(w.t, w.exchange(app, code, pkce.Verifier), http.StatusBadRequest, "invalid_grant")
	})
}

// TestS29_T12_TokensAndGrantsEnd holds that nothing is accepted that is sent after the end.
func TestS29_T12_TokensAndGrantsEnd(t *testing.T) {
	const life, chain = 4 * time.Second, 8 * time.Second
	env := process.Env{"AUTH_ACCESS_TOKEN_LIFETIME": life.String(), "AUTH_REFRESH_TOKEN_LIFETIME": "1h", "AUTH_CHAIN_LIFETIME": chain.String()}
	ownWorld(t, stack.Setup{AuthEnv: env}, func(w *world) {
		app := w.public()
		pair := w.tokens(app, "read")
		opened := time.Now()
		wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
		if pair.ExpiresIn != 4 && pair.ExpiresIn != 3 { // whole seconds: it ends up to one sooner
			w.t.Errorf("expires_in is %d", pair.ExpiresIn)
		}
		ends := func(what string, end time.Duration, accepted func() bool) {
			w.t.Helper()
			testenv.Eventually(w.t, time.Minute, what+" ends", func() bool {
				sent := time.Since(opened)
				if !accepted() {
					return true
				}
				if sent > end {
					w.t.Fatalf("%s is accepted after %s", what, sent)
				}
				return false
			})
		}
		ends("the access token", life, func() bool { return w.active(pair.Access) })
		ends("the access token at the resource API", life+revocationBound, func() bool {
			return w.call(http.MethodGet, accounts, pair.Access, nil).Status != http.StatusUnauthorized
		})
		ends("the grant, however often it is refreshed,", chain, func() bool {
			next, err := pairOf(w.refresh(app, pair.Refresh))
			if err == nil {
				pair = next
			}
			return err == nil
		})
		if ended := time.Since(opened); ended < chain-time.Second {
			w.t.Errorf("the grant ended after %s", ended)
		}
		wantError(w.t, w.refresh(app, pair.Refresh), http.StatusBadRequest, "invalid_grant")
		w.wantActive(pair.Access, false, "access token of an ended grant")
	})
}
