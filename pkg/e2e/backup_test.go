package e2e

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// belongings are what somebody has before a backup, and must have after it was restored.
type belongings struct {
	person  *actor.Person
	app     *actor.App
	pair    Pair
	key     string
	factor  []byte
	account string
}

func (w *world) settle(app *actor.App) *belongings {
	w.t.Helper()
	h := &belongings{person: w.person(), app: app}
	h.pair = w.tokensOf(h.person, app, "read_write")
	k := &keeper{world: w, person: h.person, token: w.ownTokens(h.person).Access}
	h.key = k.newKey("k", "read", "web", nil).Key
	made := w.call(http.MethodPost, accounts, h.pair.Access, members{"account": members{"name": "Savings", "balance": "12.50", "currency": "USD"}})
	wantStatus(w.t, made, http.StatusCreated)
	h.account = made.Text("id")
	h.factor, _ = w.authenticator(h.person)
	return h
}

// wantSettled checks that all of it works, once.
func (w *world) wantSettled(h *belongings) {
	w.t.Helper()
	wantStatus(w.t, w.call(http.MethodGet, accounts+"/"+h.account, h.pair.Access, nil), http.StatusOK)
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.API().URL+accounts, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", h.key)
	if answer, err := (&actor.App{}).Do(req); err != nil || answer.Status != http.StatusOK || !bytes.Contains(answer.Body, []byte("Savings")) {
		w.t.Errorf("the key: %v %v", err, answer)
	}
	renewed, err := pairOf(w.refresh(h.app, h.pair.Refresh))
	if err != nil {
		w.t.Fatal(err)
	}
	wantStatus(w.t, w.call(http.MethodGet, accounts, renewed.Access, nil), http.StatusOK)
	back := h.person.ElsewhereAs(w.Auth.URL)
	page := w.signingIn(back)
	if page.URL.Path != "/signin/second-factor" {
		w.t.Fatalf("the password leads to %s: %s", page.URL, page.Text())
	}
	// The code of the next half minute: that of this one has been used.
	page = w.submit(back, page, map[string]string{"otp_code": totp(h.factor, time.Now().Add(30*time.Second))})
	if page.Status != http.StatusOK || page.URL.Path == "/signin/second-factor" {
		w.t.Errorf("the second factor leads to %d %s: %s", page.Status, page.URL, page.Text())
	}
}

// documented are the commands below a heading of docs/operations.md.
func documented(t *testing.T, heading string) (blocks []string) {
	t.Helper()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(raw), "\n"+heading+"\n")
	section, _, _ = strings.Cut(section, "\n##")
	for i, part := range strings.Split(section, "```") {
		if text, ok := strings.CutPrefix(part, "sh\n"); ok && i%2 == 1 {
			blocks = append(blocks, text)
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("no commands below %q", heading)
	}
	return blocks
}

// world is the deployment as other tests know one.
func (d *deployment) world() (*world, *actor.App) {
	d.t.Helper()
	env := d.env("authserver")
	w := &world{t: d.t, Stack: &stack.Stack{
		Auth: &process.Process{URL: env["AUTH_ISSUER"]}, APIs: []*process.Process{{URL: env["AUTH_API_URL"]}},
	}}
	out, err := process.Run(d.t.Context(), d.bins.Auth, d.dir, env, "client", "create",
		"--name", "App", "--public", "--redirect-uri", loopbackCallback, "--scope", "read read_write", "--json")
	if err != nil {
		d.t.Fatal(err)
	}
	return w, &actor.App{
		Issuer: w.Auth.URL, RedirectURI: loopbackCallback, Client: actor.Credential{ID: (&actor.Answer{Body: out}).Text("client_id")},
	}
}

// paste runs documented commands at the PostgreSQL of d.
func (d *deployment) paste(block string) {
	d.t.Helper()
	root, err := stack.Root()
	if err != nil {
		d.t.Fatal(err)
	}
	sudo := filepath.Join(d.dir, "stand-ins", "sudo")
	if err := os.MkdirAll(filepath.Dir(sudo), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(sudo, []byte("#!/bin/sh\n"+standIns["sudo"]+"\n"), 0o700); err != nil { //nolint:gosec // a program
		d.t.Fatal(err)
	}
	block = strings.NewReplacer("/etc/latchkey/", d.dir+"/", "/var/backups/", d.dir+"/").Replace(block)
	cmd := exec.CommandContext(d.t.Context(), "/bin/bash", "-euo", "pipefail", "-c", block) //nolint:gosec // our own documents
	cmd.Dir, cmd.Env = root, append(d.psqlEnv(), "PGUSER=postgres", "PATH="+filepath.Dir(sudo)+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("%v\n%s\n%s", err, block, out)
	}
}

// elsewhere is the same deployment on another PostgreSQL.
func (d *deployment) elsewhere(postgres string) {
	d.t.Helper()
	now, err := url.Parse(postgres)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, name := range []string{"auth_database_url", "api_database_url", "api_owner_database_url"} {
		file := filepath.Join(d.dir, "secrets", name)
		raw, err := os.ReadFile(file) //nolint:gosec // below the test's folder
		if err == nil {
			err = os.WriteFile(file, bytes.ReplaceAll(raw, []byte("@"+d.server.Host+"/"), []byte("@"+now.Host+"/")), 0o600)
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
	d.server = now
}

// TestBackupOfPostgresIsRestored by the documented commands, into a PostgreSQL that
// has nothing; the main job goes on there. Another encryption key is refused.
func TestBackupOfPostgresIsRestored(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	bins, err := stack.Build(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	d := newDeployment(t, bins, testenv.StartPostgres(t))
	d.createRoles()
	stop := d.up()
	w, app := d.world()
	h := w.settle(app)
	blocks := documented(t, "### PostgreSQL")
	d.paste(blocks[0])
	d.wantNoCopyByTheOwner()
	stop()

	d.elsewhere(testenv.StartPostgres(t))
	d.paste(blocks[1])
	env := d.env("authserver")
	delete(env, "AUTH_ENCRYPTION_KEY_FILE")
	env["AUTH_ENCRYPTION_KEY"] = strings.Repeat("ab", 32)
	if _, err := process.Run(t.Context(), bins.Auth, d.dir, env, "serve"); err == nil || !strings.Contains(err.Error(), "AUTH_ENCRYPTION_KEY") {
		t.Errorf("with another key: %v", err)
	}
	d.up()
	w.wantSettled(h)
	if out, err := d.script("restore.sh", filepath.Join(d.dir, "latchkey", "none")); err == nil {
		t.Errorf("a copy that is not there is restored: %s", out)
	}
	copies, err := filepath.Glob(filepath.Join(d.dir, "latchkey", "*Z"))
	if err != nil || len(copies) != 1 {
		t.Fatalf("%v %v", copies, err)
	}
	if out, err := d.script("restore.sh", copies[0]); err == nil {
		t.Errorf("a database with rows is restored over: %s", out)
	}
	again := w.person()
	w.tokensOf(again, app, "read")
}

// wantNoCopyByTheOwner: rather none than one without rows.
func (d *deployment) wantNoCopyByTheOwner() {
	d.t.Helper()
	raw, err := os.ReadFile(filepath.Join(d.dir, "secrets", "api_owner_database_url"))
	if err != nil {
		d.t.Fatal(err)
	}
	dump := exec.CommandContext(d.t.Context(), "pg_dump", "--file", os.DevNull, strings.TrimSpace(string(raw))) //nolint:gosec // an engine's own
	if out, err := dump.CombinedOutput(); err == nil || !strings.Contains(string(out), "row-level security") {
		d.t.Errorf("the owner copies: %v %s", err, out)
	}
}

// TestBackupOfSQLiteIsRestored by the documented commands, made while both services run.
func TestBackupOfSQLiteIsRestored(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sqlite3"); err != nil && !testenv.RequireEngines() {
		t.Skip("sqlite3 is not here")
	}
	folder := t.TempDir()
	data := filepath.Join(folder, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	w := startWorld(t, testenv.Embedded, stack.Setup{Dir: data})
	h := w.settle(w.public())
	blocks := documented(t, "### SQLite")
	paste := func(block string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "/bin/bash", "-euo", "pipefail", "-c", block) //nolint:gosec // our own documents
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s\n%s", err, block, out)
		}
	}
	paste(blocks[0])
	for _, p := range []*process.Process{w.Auth, w.API()} {
		p.Kill()
	}
	broken, err := filepath.Glob(filepath.Join(data, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range broken {
		if err := os.WriteFile(file, []byte("broken"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	paste(blocks[1])
	key := filepath.Join(data, "encryption.key")
	kept, err := os.ReadFile(key) //nolint:gosec // below the test's folder
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, []byte(strings.Repeat("ab", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.RestartAuth(t.Context()); err == nil || !strings.Contains(err.Error(), "AUTH_ENCRYPTION_KEY") {
		t.Errorf("with another key: %v", err)
	}
	if err := os.WriteFile(key, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.RestartAuth(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.RestartAPI(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	w.wantSettled(h)
}
