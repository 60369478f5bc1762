package e2e

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"latchkey/pkg/testenv"
)

// unit is a unit file, as far as ours go.
type unit struct {
	m           *machine
	name        string
	starts      []string
	after       []string // ExecStartPost
	wants       []string
	environment []string
	running     *exec.Cmd
}

func (m *machine) unit(name string) *unit {
	if m.units[name] == nil {
		m.units[name] = m.read(name)
	}
	return m.units[name]
}

func (m *machine) read(name string) *unit {
	m.t.Helper()
	file, instance := name, ""
	if before, rest, ok := strings.Cut(name, "@"); ok {
		instance, _, _ = strings.Cut(rest, ".")
		file = before + "@.service"
	}
	raw, err := os.ReadFile(filepath.Join(m.dir, "etc/systemd/system", file))
	if err != nil {
		m.t.Fatal(err)
	}
	u := &unit{m: m, name: name}
	for line := range strings.Lines(strings.ReplaceAll(string(raw), "%i", instance)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "ExecStart":
			u.starts = append(u.starts, value)
		case "ExecStartPost":
			u.after = append(u.after, value)
		case "Wants":
			u.wants = strings.Fields(value)
		case "Environment":
			if quoted := strings.Trim(value, `"`); quoted != value {
				u.environment = append(u.environment, quoted)
			} else {
				u.environment = append(u.environment, strings.Fields(value)...)
			}
		case "EnvironmentFile":
			text, err := os.ReadFile(value) //nolint:gosec // below the machine's folder
			if err != nil {
				m.t.Fatal(err)
			}
			for k, v := range asSystemd(m.t, string(text)) {
				u.environment = append(u.environment, k+"="+v)
			}
		}
	}
	return u
}

func (u *unit) start() {
	u.m.t.Helper()
	for _, name := range u.wants {
		if strings.HasPrefix(name, "latchkey-") {
			u.m.unit(name).runOnce()
		}
	}
	u.launch(u.environment, u.starts[0])
	for _, line := range u.after {
		ctx, cancel := context.WithTimeout(u.m.t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "/bin/sh", "-c", "exec "+line) //nolint:gosec // our own units
		cmd.Env = append([]string{"PATH=/usr/bin:/bin"}, u.environment...)
		if out, err := cmd.CombinedOutput(); err != nil {
			u.m.t.Fatalf("%s: %v\n%.2000s", u.name, err, out)
		}
	}
}

// launch runs a program until the test ends, or stop.
func (u *unit) launch(environ []string, line string) {
	u.m.t.Helper()
	log, err := os.Create(filepath.Join(u.m.dir, u.name+".log"))
	if err != nil {
		u.m.t.Fatal(err)
	}
	u.running = exec.Command("/bin/sh", "-c", "exec "+line) //nolint:gosec,noctx // stop ends it
	u.running.Env = append([]string{"PATH=/usr/bin:/bin"}, environ...)
	u.running.Stdout, u.running.Stderr, u.running.Dir = log, log, u.m.dir
	if err := u.running.Start(); err != nil {
		u.m.t.Fatal(err)
	}
	u.m.t.Cleanup(func() {
		u.stop()
		if raw, err := os.ReadFile(log.Name()); err == nil && u.m.t.Failed() {
			u.m.t.Logf("%s:\n%s", u.name, tail(string(raw)))
		}
	})
}

func (u *unit) stop() {
	if u.running != nil {
		_ = u.running.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = u.running.Wait()                          // its status says so
		u.running = nil
	}
}

// runOnce runs a unit of the type oneshot and returns what it printed.
func (u *unit) runOnce() (printed string) {
	u.m.t.Helper()
	for _, line := range u.starts {
		cmd := exec.CommandContext(u.m.t.Context(), "/bin/sh", "-c", "exec "+line) //nolint:gosec // our own units
		cmd.Env = append([]string{"PATH=/usr/bin:/bin"}, u.environment...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			u.m.t.Fatalf("%s: %v\n%s", u.name, err, out)
		}
		printed += string(out)
	}
	return printed
}

// restart starts an engine whose unit the system has.
func (m *machine) restart(name string) {
	m.t.Helper()
	u := &unit{m: m, name: name}
	switch name {
	case "redis-server":
		u.launch(m.environ(), "redis-server "+filepath.Join(m.dir, "etc/redis/redis.conf"))
	case "caddy":
		drop := m.read("caddy.service.d/latchkey.conf")
		env := append(m.environ(), "XDG_DATA_HOME="+filepath.Join(m.dir, "caddy"), "XDG_CONFIG_HOME="+filepath.Join(m.dir, "caddy"))
		u.launch(append(env, drop.environment...), "caddy run --adapter caddyfile --config "+filepath.Join(m.dir, "etc/caddy/Caddyfile"))
		// Caddy cleans its storage while it makes its first certificate, which can remove
		// the folder that it is about to write to; it tries again after a minute.
		testenv.Eventually(m.t, 2*time.Minute, "Caddy answers", func() bool {
			client, err := m.trusting()
			if err != nil {
				return false
			}
			res, err := client.Get("https://" + m.domain + "/")
			if err == nil {
				_ = res.Body.Close() // only that it answers matters
			}
			return err == nil && res.StatusCode < http.StatusInternalServerError
		})
	default:
		m.t.Fatalf("systemctl restart %s", name)
	}
}
