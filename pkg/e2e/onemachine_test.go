package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// TestD9_OneMachineAsDocumented pastes the commands of docs/operations.md for one
// machine without containers, with stand-ins for what a test must not do: sudo,
// packages, users and systemd, whose units it reads. Folders of the system are
// below a temporary one, and ports are others. Then the main job goes on through
// TLS while a replica of each service is away.
func TestD9_OneMachineAsDocumented(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	for _, program := range []string{"caddy", "psql", "redis-server", "curl"} {
		if _, err := exec.LookPath(program); err != nil && !testenv.RequireEngines() {
			t.Skip(program + " is not here")
		}
	}
	m := newMachine(t)
	for _, block := range documented(t, "### On one machine without containers") {
		m.paste(m.rewrite.Replace(block))
	}
	if m.printed == "" || !strings.Contains(m.printed, "(shown this once)") {
		t.Fatalf("no invite was made: %s", m.printed)
	}
	if out := m.unit("latchkey-backup.service").runOnce(); !strings.Contains(out, "copied both databases") {
		t.Errorf("the backup says %q", out)
	}
	m.mainJob()
	m.unit("latchkey-authserver@" + m.ports[0] + ".service").stop()
	m.unit("latchkey-resourceapi@" + m.ports[1] + ".service").stop()
	testenv.Eventually(t, time.Minute, "Caddy knows that a replica is away", func() bool { return m.answersForms(10) })
	m.mainJob()
}

// machine is where the commands are pasted.
type machine struct {
	t       *testing.T
	dir     string    // what is / in the documents
	ports   [4]string // of the instances: 8080, 8081, 8082, 8083
	domain  string
	rewrite *strings.Replacer
	server  string // of PostgreSQL, host:port
	units   map[string]*unit
	printed string // by the last block
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	dir, err := os.MkdirTemp("", "latchkey-machine-") //nolint:usetesting // short, for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	m := &machine{t: t, dir: dir, units: map[string]*unit{}}
	m.server = strings.TrimSuffix(strings.TrimPrefix(testenv.StartPostgres(t), "postgres://postgres@"), "/postgres?sslmode=disable")
	m.ports = instancePorts(t)
	var free [5]string
	for i := range free {
		if free[i], err = process.FreeAddr(); err != nil {
			t.Fatal(err)
		}
	}
	_, redisPort, _ := net.SplitHostPort(free[2])
	_, httpsPort, _ := net.SplitHostPort(free[3])
	_, httpPort, _ := net.SplitHostPort(free[4])
	m.domain = "localhost:" + httpsPort
	m.rewrite = strings.NewReplacer("/etc/", dir+"/etc/", "/usr/local/", dir+"/usr/local/", "/var/backups/", dir+"/var/backups/",
		"127.0.0.1:8070", free[0], "127.0.0.1:8071", free[1], "127.0.0.1:5432", m.server, "127.0.0.1:6379", free[2],
		"PGHOST=127.0.0.1", "PGHOST=127.0.0.1 PGPORT="+m.server[strings.LastIndex(m.server, ":")+1:],
		"8080", m.ports[0], "8081", m.ports[1], "8082", m.ports[2], "8083", m.ports[3],
		"DOMAIN=money.example.com #", "DOMAIN="+m.domain+" #", "AUTH_SIGNUP=invite", "AUTH_SIGNUP=open",
		"\tskip_install_trust", "\tskip_install_trust\n\thttp_port "+httpPort)
	m.checkout()
	m.file("usr/local/bin/README", "")
	m.file("etc/systemd/system/README", "")
	m.file("etc/redis/redis.conf", "bind 127.0.0.1\nport "+redisPort+"\ndir "+dir+"\n")
	for name, script := range standIns {
		m.file("stand-ins/"+name, "#!/bin/sh\n"+strings.ReplaceAll(script, "DIR", dir)+"\n")
	}
	return m
}

// standIns are for commands that a test must not run.
var standIns = map[string]string{
	"sudo":    `if [ "$1" = -u ]; then shift 2; fi; exec "$@"`,
	"apt-get": "exit 0", "useradd": "exit 0", "make": "exit 0", "chown": "exit 0",
	"systemctl": `echo "$*" >>DIR/systemctl`,
	"install": `for word; do shift; case ${skip:-} in yes) skip=;; *)
		case $word in -o | -g) skip=yes ;; *) set -- "$@" "$word" ;; esac ;; esac; done; exec /usr/bin/install "$@"`,
}

// instancePorts are ports of four digits that are free with a 1 before them too.
func instancePorts(t *testing.T) (ports [4]string) {
	t.Helper()
	port := 8100 + os.Getpid()%1000
	for i := range ports {
		for ; ; port++ {
			a, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)) //nolint:noctx // returns at once
			if err != nil {
				continue
			}
			b, err := net.Listen("tcp", "127.0.0.1:1"+strconv.Itoa(port)) //nolint:noctx // returns at once
			_ = a.Close()                                                 // it was free
			if err == nil {
				_ = b.Close() // it was free
				break
			}
		}
		ports[i] = strconv.Itoa(port)
		port++
	}
	return ports
}

func (m *machine) file(name, text string) {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o755) //nolint:gosec // programs among them
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// checkout copies deploy/ and the programs.
func (m *machine) checkout() {
	m.t.Helper()
	root, err := stack.Root()
	if err != nil {
		m.t.Fatal(err)
	}
	bins, err := stack.Build(m.t.Context(), m.t.Output())
	if err != nil {
		m.t.Fatal(err)
	}
	m.file("checkout/bin/x", "")
	for name, from := range map[string]string{"authserver": bins.Auth, "resourceapi": bins.API} {
		if err := os.Link(from, filepath.Join(m.dir, "checkout/bin", name)); err != nil {
			m.t.Fatal(err)
		}
	}
	deploy := os.DirFS(filepath.Join(root, "deploy"))
	err = fs.WalkDir(deploy, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path, "secrets/") {
			return err
		}
		raw, err := fs.ReadFile(deploy, path)
		m.file("checkout/deploy/"+path, m.rewrite.Replace(string(raw)))
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

// paste runs commands as they stand, and then does what they told systemd.
func (m *machine) paste(block string) {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), "/bin/bash", "-euo", "pipefail", "-c", "DOMAIN="+m.domain+"\n"+block) //nolint:gosec // our own documents
	cmd.Dir = filepath.Join(m.dir, "checkout")
	cmd.Env = m.environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Fatalf("%v\n%s\n%s", err, block, out)
	}
	m.printed = string(out)
	asked, err := os.ReadFile(filepath.Join(m.dir, "systemctl"))
	if err != nil && !os.IsNotExist(err) {
		m.t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(m.dir, "systemctl")) // it may not be there
	for line := range strings.Lines(string(asked)) {
		words := strings.Fields(line)
		switch {
		case words[0] == "enable" && words[1] == "--now":
			for _, name := range words[2:] {
				if !strings.HasSuffix(name, ".timer") {
					m.unit(name + ".service").start()
				}
			}
		case words[0] == "restart":
			m.restart(words[1])
		case words[0] != "daemon-reload":
			m.t.Fatalf("systemctl %s", line)
		}
	}
}

func (m *machine) environ() []string {
	host, port, _ := net.SplitHostPort(m.server)
	return []string{
		"PATH=" + filepath.Join(m.dir, "stand-ins") + ":" + filepath.Join(m.dir, "usr/local/bin") + ":" + os.Getenv("PATH"),
		"HOME=" + m.dir, "PGHOST=" + host, "PGPORT=" + port, "PGUSER=postgres", "CURL_CA_BUNDLE=" + m.authority(),
	}
}

// authority is the certificate that Caddy makes others under for localhost.
func (m *machine) authority() string {
	return filepath.Join(m.dir, "caddy/caddy/pki/authorities/local/root.crt")
}

func (m *machine) trusting() (*http.Client, error) {
	raw, err := os.ReadFile(m.authority())
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("no certificate in %s", m.authority())
	}
	return &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// answersForms reports whether n forms in a row reach both services.
func (m *machine) answersForms(n int) bool {
	client, err := m.trusting()
	if err != nil {
		return false
	}
	for range n {
		for _, path := range []string{"/oauth/token", "/mcp"} {
			res, err := client.PostForm("https://"+m.domain+path, url.Values{"grant_type": {"none"}})
			if err != nil {
				return false
			}
			_ = res.Body.Close() // only the status matters
			if res.StatusCode >= http.StatusInternalServerError {
				return false
			}
		}
	}
	return true
}

// mainJob signs somebody up, connects an application and uses its token, through
// Caddy; and asks for paths of both services.
func (m *machine) mainJob() {
	m.t.Helper()
	ctx, origin := m.t.Context(), "https://"+m.domain
	client, err := m.trusting()
	if err != nil {
		m.t.Fatal(err)
	}
	m.paste(`sudo -u latchkey sh -c 'set -a; . ` + m.dir + `/etc/latchkey/latchkey.env; exec authserver "$@"' sh client create --json ` +
		"--name App --public --redirect-uri " + loopbackCallback + " --scope read 2>/dev/null")
	app := &actor.App{
		Issuer: origin, HTTP: client, RedirectURI: loopbackCallback,
		Client: actor.Credential{ID: (&actor.Answer{Body: []byte(m.printed)}).Text("client_id")},
	}
	person := actor.NewPerson(origin)
	person.Browser.Through(client.Transport)
	if _, err := person.SignUp(ctx); err != nil {
		m.t.Fatal(err)
	}
	pair, err := Authorize(ctx, app, person, "read")
	if err != nil {
		m.t.Fatal(err)
	}
	for range 4 { // both replicas, if there are two
		answer, err := app.Call(ctx, http.MethodGet, origin+accounts, pair.Access, nil)
		if err != nil {
			m.t.Fatal(err)
		}
		wantStatus(m.t, answer, http.StatusOK)
	}
	for path, service := range oneOrigin {
		answer, err := app.Call(ctx, http.MethodOptions, origin+path, "", nil)
		if err != nil || answer.Status == http.StatusNotFound {
			m.t.Errorf("%s does not lead to %s: %v %v", path, service, err, answer)
		}
	}
	if answer, err := app.Call(ctx, http.MethodPost, origin+"/internal/key-uses", "", nil); err != nil || answer.Status != http.StatusNotFound {
		m.t.Errorf("what is between the services is open: %v %v", err, answer)
	}
}
