package e2e

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// sample returns the samples of a section of docs/connect.md, with the addresses of
// this stack.
func (w *world) sample(section, language string, count int) []string {
	w.t.Helper()
	blocks := samples(w.t, "docs/connect.md", section, language)
	if len(blocks) != count {
		w.t.Fatalf("%s has %d samples in %s, want %d", section, len(blocks), language, count)
	}
	for i, block := range blocks {
		blocks[i] = w.rewriter().Replace(block)
	}
	return blocks
}

// write writes a program, and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// fill puts values of this run into a command.
func (s *shell) fill(names map[string]string) {
	s.t.Helper()
	for name, value := range names {
		s.paste("export " + name + "='" + value + "'")
	}
}

// created reads the client that a sample has made.
func created(t *testing.T, out, callback string) *actor.App {
	t.Helper()
	app := &actor.App{RedirectURI: callback}
	for line := range strings.Lines(out) {
		switch words := strings.Fields(line); {
		case len(words) < 2:
		case words[0] == "client_id":
			app.Client.ID = words[1]
		case words[0] == "client_secret":
			app.Client.Secret = words[1]
		}
	}
	if app.Client.ID == "" {
		t.Fatalf("no client was made: %s", out)
	}
	return app
}

// TestConnectABrowserApp runs the two scripts in one, with what a browser would bring.
func TestConnectABrowserApp(t *testing.T) {
	eachWorld(t, func(w *world) {
		const callback = "https://charts.example.com/callback"
		app := created(w.t, startShell(w.t, w).paste(w.sample("A browser app", "sh", 1)[0]), callback)
		scripts := w.sample("A browser app", "js", 2)
		program := write(w.t, "app.mjs", `
import { createInterface } from 'node:readline'
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const kept = new Map(), sessionStorage = { setItem: (k, v) => kept.set(k, v), getItem: (k) => kept.get(k) }
const { CLIENT_ID, REDIRECT_URI } = process.env
const location = { assign: (url) => console.log('OPEN ' + url) }
{`+scripts[0]+`}
location.search = new URL((await lines.next()).value).search
{`+scripts[1]+`
console.log('DONE ' + JSON.stringify({ accounts: accounts.length }))
process.exit(0)}`)
		if said := (published{w: w, program: node(w.t), args: []string{program}, app: app}).run(w.t); said["accounts"] != 1.0 {
			w.t.Errorf("%v", said)
		}
	})
}

// TestConnectANativeApp pastes its commands, and sees the browser leave for its scheme.
func TestConnectANativeApp(t *testing.T) {
	eachWorld(t, func(w *world) {
		shell, commands := startShell(w.t, w), w.sample("A native app", "sh", 2)
		callback, err := w.person().Decide(w.t.Context(), strings.TrimSpace(shell.paste(commands[0])), actor.Allow)
		if err != nil {
			w.t.Fatal(err)
		}
		if out := shell.paste(strings.Replace(commands[1], "code=CODE", "code="+callback.Query().Get("code"), 1)); callback.Scheme != "com.example.app" || !strings.Contains(out, `"access_token"`) {
			w.t.Errorf("%s: %s", callback, out)
		}
	})
}

// TestConnectACommandLineTool compiles the program of the page, and is the browser that
// it wants.
func TestConnectACommandLineTool(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := created(w.t, startShell(w.t, w).paste(w.sample("A command-line tool", "sh", 1)[0]), "")
		program := write(w.t, "main.go", w.sample("A command-line tool", "go", 1)[0])
		said := w.tool(app, program)
		if !strings.Contains(said, `"accounts"`) {
			w.t.Errorf("it printed %s", said)
		}
	})
}

// TestConnectAWebServer: begin and finish, with the browser between them.
func TestConnectAWebServer(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := created(w.t, startShell(w.t, w).paste(w.sample("A web server", "sh", 1)[0]), "")
		if app.Client.Secret == "" {
			w.t.Error("it has no secret")
		}
		program := write(w.t, "app.py", w.sample("A web server", "python", 1)[0]+`
session = {}
print("OPEN", begin(session), flush=True)
query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(input()).query))
tokens = finish(session, query)
print("DONE", json.dumps({"scope": tokens["scope"]}), flush=True)
`)
		if said := (published{w: w, program: needClients(w.t, "/usr/bin/python3", "--version"), args: []string{program}, app: app}).run(w.t); said["scope"] != "read_write" {
			w.t.Errorf("%v", said)
		}
	})
}

// TestConnectABackend with a key that a person has made.
func TestConnectABackend(t *testing.T) {
	eachWorld(t, func(w *world) {
		shell, commands := startShell(w.t, w), w.sample("A backend with an API key", "sh", 2)
		shell.fill(map[string]string{"LATCHKEY_API_KEY": w.keeper().newKey("Sample", "read_write", "web", nil).Key})
		if out := shell.paste(commands[0]); !strings.Contains(out, `"accounts"`) {
			w.t.Errorf("read: %s", out)
		}
		first, again := shell.paste(commands[1]), shell.paste(commands[1])
		if !strings.Contains(first, "Imported") || first != again {
			w.t.Errorf("written once: %s, then %s", first, again)
		}
	})
}

// TestConnectADevice: it waits, a person goes on by hand, and the loop ends.
func TestConnectADevice(t *testing.T) {
	eachWorld(t, func(w *world) {
		shell, commands := startShell(w.t, w), w.sample("A device without a browser", "sh", 2)
		var asked struct {
			Complete string `json:"verification_uri_complete"`
		}
		if out := shell.paste(commands[0]); json.Unmarshal([]byte(out), &asked) != nil || asked.Complete == "" {
			w.t.Fatalf("it begins: %s", out)
		}
		p := w.person()
		w.decideDevice(p, w.followCode(p, asked.Complete), actor.Allow)
		if out := shell.paste(commands[1]); !strings.Contains(out, `"access_token"`) {
			w.t.Errorf("it is allowed: %s", out)
		}
	})
}

// TestConnectAnAssistant: discovery, registration, a call.
func TestConnectAnAssistant(t *testing.T) {
	eachWorld(t, func(w *world) {
		shell, commands := startShell(w.t, w), w.sample("An assistant", "sh", 3)
		found := shell.paste(commands[0])
		for _, part := range []string{"resource_metadata=", `"authorization_servers"`, `"registration_endpoint"`, `"client_id_metadata_document_supported":true`} {
			if !strings.Contains(found, part) {
				w.t.Errorf("no %s in %s", part, found)
			}
		}
		var client actor.Credential
		if out := shell.paste(commands[1]); json.Unmarshal([]byte(out), &client) != nil || client.ID == "" {
			w.t.Fatalf("registered: %s", out)
		}
		app := &actor.App{Issuer: w.Auth.URL, Client: client, RedirectURI: loopbackCallback}
		shell.fill(map[string]string{"TOKEN": w.tokens(app, "read").Access})
		if out := shell.paste(commands[2]); !strings.Contains(out, `"structuredContent"`) {
			w.t.Errorf("called: %s", out)
		}
		if config := w.sample("An assistant", "json", 1)[0]; !json.Valid([]byte(config)) || !strings.Contains(config, w.API().URL+"/mcp") {
			w.t.Errorf("%s", config)
		}
	})
}

// TestConnectAResourceServer: its function says whose data a token opens.
func TestConnectAResourceServer(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := created(w.t, startShell(w.t, w).paste(w.sample("A resource server", "sh", 1)[0]), "")
		program := write(w.t, "api.py", w.sample("A resource server", "python", 1)[0]+`
read, write = os.environ["READ"], os.environ["WRITE"]
said = [family(read, "read"), family(read, "read_write"), family(write, "read"), family(write, "read_write"), family("x", "read")]
print("DONE", json.dumps({"opens": [bool(each) for each in said]}), flush=True)
`)
		env := []string{"READ=" + w.tokens(w.public(), "read").Access, "WRITE=" + w.tokens(w.public(), "read_write").Access}
		said := published{w: w, program: needClients(w.t, "/usr/bin/python3", "--version"), args: []string{program}, app: app, env: env}.run(w.t)
		if raw, err := json.Marshal(said["opens"]); err != nil || string(raw) != "[true,false,true,true,false]" {
			w.t.Errorf("%s", raw)
		}
	})
}

// tool runs a Go program that prints an address to open, and returns what it says after.
func (w *world) tool(app *actor.App, program string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "go", "run", program)
	cmd.Env = append(os.Environ(), "CLIENT_ID="+app.Client.ID)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		address, asks := strings.CutPrefix(lines.Text(), "Open ")
		if !asks {
			said = append(said, lines.Text())
			continue
		}
		callback, err := w.person().Decide(w.t.Context(), address, actor.Allow)
		if err != nil {
			w.t.Fatal(err)
		}
		wantStatus(w.t, w.send(http.MethodGet, callback.String(), nil, ""), http.StatusOK)
	}
	if err := cmd.Wait(); err != nil {
		w.t.Errorf("%v: %s", err, complaints.String())
	}
	return strings.Join(said, "\n")
}
