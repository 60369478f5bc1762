package testenv

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// StartPgBouncer starts a PgBouncer of a test's own, in transaction mode and
// otherwise as it comes, in front of the PostgreSQL at server, and returns the URL
// of what server names through it; more are lines of its configuration. Without the
// program (TEST_PGBOUNCER, or pgbouncer on the PATH) the test is skipped; when engines
// are required it fails.
func StartPgBouncer(t testing.TB, server string, more ...string) string {
	t.Helper()
	const variable = "TEST_PGBOUNCER"
	name := os.Getenv(variable)
	if name == "" {
		name = "pgbouncer"
	}
	program, err := exec.LookPath(name)
	if err != nil {
		missing(t, "pgbouncer", variable, err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "latchkey-pgbouncer-") //nolint:usetesting // its user must be able to reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file := filepath.Join(dir, "pgbouncer.ini")
	settings := fmt.Sprintf("[databases]\n* = host=%s port=%s user=%s\n[pgbouncer]\nlisten_addr = %s\nlisten_port = %s\nunix_socket_dir =\n"+
		"auth_type = any\npool_mode = transaction\nlogfile = %s\n",
		u.Hostname(), u.Port(), u.User.Username(), host, port, filepath.Join(dir, "log")) + strings.Join(append(more, ""), "\n")
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil { //nolint:gosec // its user reads it
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-q", file) //nolint:gosec,noctx // an engine; it ends with the test
	cmd.SysProcAttr, cmd.Dir = serverUser(t, dir), dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // at once
		_ = cmd.Wait()                          // its status says that it was told to
	})
	u.Host = addr
	Eventually(t, serverTimeout, "PgBouncer answers", func() bool { return answers(t.Context(), u.String()) == nil })
	return u.String()
}
