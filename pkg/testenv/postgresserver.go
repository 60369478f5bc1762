package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/testenv/process"
)

// PostgresServer is a PostgreSQL server of a test's own, which the test may break.
type PostgresServer struct {
	URL  string // of its database postgres
	Addr string // host:port

	t    testing.TB
	bin  string
	dir  string
	as   *syscall.SysProcAttr
	args []string
	cmd  *exec.Cmd
}

// StartPostgres starts a PostgreSQL server of a test's own, for what others at the
// same server would disturb, and returns its URL. See StartPostgresServer.
func StartPostgres(t testing.TB, settings ...string) string {
	t.Helper()
	return StartPostgresServer(t, settings...).URL
}

// StartPostgresServer starts a PostgreSQL server that writes to no disk for sure
// and vacuums nothing by itself; settings are more of its configuration,
// name=value. It ends with the test. Without the programs (TEST_POSTGRES_BIN, or
// where packages put them) the test is skipped; when engines are required it
// fails.
func StartPostgresServer(t testing.TB, settings ...string) *PostgresServer {
	t.Helper()
	s := newPostgresServer(t)
	s.run("initdb", "-D", s.dir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
	s.start(settings)
	return s
}

func newPostgresServer(t testing.TB) *PostgresServer {
	t.Helper()
	s := &PostgresServer{t: t, bin: postgresPrograms(t), Addr: freeAddr(t)}
	s.URL = "postgres://postgres@" + s.Addr + "/postgres?sslmode=disable"
	var err error
	if s.dir, err = os.MkdirTemp("", "latchkey-postgres-"); err != nil { //nolint:usetesting // its user must be able to reach it
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(s.dir) })
	s.as = serverUser(t, s.dir)
	return s
}

// run runs one of PostgreSQL's programs to its end.
func (s *PostgresServer) run(program string, args ...string) {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(s.bin, program), args...) //nolint:gosec,noctx // an engine
	cmd.SysProcAttr, cmd.Dir = s.as, s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

func (s *PostgresServer) start(settings []string) {
	s.t.Helper()
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.args = []string{"-D", s.dir, "-h", host, "-p", port, "-k", s.dir}
	for _, setting := range append([]string{"fsync=off", "autovacuum=off", "shared_buffers=32MB"}, settings...) {
		s.args = append(s.args, "-c", setting)
	}
	s.Restart()
	s.t.Cleanup(s.Crash)
}

// Restart starts the server again after Stop or Crash, with what it had committed.
func (s *PostgresServer) Restart() {
	s.t.Helper()
	s.cmd = exec.Command(filepath.Join(s.bin, "postgres"), s.args...) //nolint:gosec,noctx // an engine; it ends with the test
	s.cmd.SysProcAttr, s.cmd.Dir = s.as, s.dir
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	Eventually(s.t, serverTimeout, "PostgreSQL answers", func() bool { return answers(s.t.Context(), s.URL) == nil })
}

// Database makes an empty database and returns its URL.
func (s *PostgresServer) Database(name string) string {
	s.t.Helper()
	if err := onServer(s.t.Context(), s.URL, "CREATE DATABASE "+name); err != nil {
		s.t.Fatal(err)
	}
	return strings.Replace(s.URL, "/postgres?", "/"+name+"?", 1)
}

// Set changes a setting while the server runs, for good.
func (s *PostgresServer) Set(name, value string) {
	s.t.Helper()
	for _, text := range []string{"ALTER SYSTEM SET " + name + " = '" + value + "'", "SELECT pg_reload_conf()"} {
		if err := onServer(s.t.Context(), s.URL, text); err != nil {
			s.t.Fatal(err)
		}
	}
}

// PID is that of the server's first process.
func (s *PostgresServer) PID() int { return s.cmd.Process.Pid }

// Stop ends the server as an administrator does: transactions are rolled back,
// and what is left is written.
func (s *PostgresServer) Stop() { s.end(syscall.SIGINT) }

// Crash ends the server at once, with all of its processes.
func (s *PostgresServer) Crash() { s.end(syscall.SIGQUIT) }

func (s *PostgresServer) end(signal syscall.Signal) {
	_ = s.cmd.Process.Signal(signal) // it may have ended already
	_ = s.cmd.Wait()                 // its status says that it was told to
}

// Standby starts a standby of the server, which follows it from then on, and
// returns when it does.
func (s *PostgresServer) Standby(settings ...string) *PostgresServer {
	s.t.Helper()
	standby := newPostgresServer(s.t)
	standby.run("pg_basebackup", "-D", standby.dir, "-d", s.URL, "-R", "-X", "stream", "-c", "fast", "--no-sync")
	standby.start(settings)
	conn, err := pgx.Connect(s.t.Context(), s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(s.t.Context()) //nolint:errcheck // it only asks
	Eventually(s.t, serverTimeout, "the standby follows", func() bool {
		var state string
		return conn.QueryRow(s.t.Context(), "SELECT state FROM pg_stat_replication").Scan(&state) == nil && state == "streaming"
	})
	return standby
}

// Promote makes a standby the server that takes writes.
func (s *PostgresServer) Promote() {
	s.t.Helper()
	if err := onServer(s.t.Context(), s.URL, "SELECT pg_promote(wait => true)"); err != nil {
		s.t.Fatal(err)
	}
}

// StartStandby attaches a receiver of the log to the PostgreSQL at server, as a
// standby does, and returns when the server knows of it. It ends with the test.
func StartStandby(t testing.TB, server string) {
	t.Helper()
	receiver := exec.Command(filepath.Join(postgresPrograms(t), "pg_receivewal"), "-D", t.TempDir(), "-d", server) //nolint:gosec,noctx // an engine
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = receiver.Process.Kill() // nothing is kept
		_ = receiver.Wait()         // killed: that is its error
	})
	conn, err := pgx.Connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // it only asks
	Eventually(t, serverTimeout, "the standby follows", func() bool {
		var n int
		return conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_replication").Scan(&n) == nil && n == 1
	})
}

func freeAddr(t testing.TB) string {
	t.Helper()
	addr, err := process.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

func answers(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// postgresPrograms returns the folder of initdb and postgres.
func postgresPrograms(t testing.TB) string {
	t.Helper()
	const variable = "TEST_POSTGRES_BIN"
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well formed
	slices.Sort(folders)
	slices.Reverse(folders)
	if path, err := exec.LookPath("initdb"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	if own := os.Getenv(variable); own != "" {
		folders = []string{own}
	}
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, "initdb")); err == nil { //nolint:gosec // the folder is the developer's own choice
			return folder
		}
	}
	missing(t, "a PostgreSQL server program", variable, errors.New("there is no initdb"))
	return ""
}

// serverUser is what the server runs as: PostgreSQL refuses root, which therefore
// becomes the user that packages make for it, and dir becomes theirs.
func serverUser(t testing.TB, dir string) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := idsOf("postgres")
	if err == nil {
		err = os.Chown(dir, int(uid), int(gid))
	}
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
}

func idsOf(name string) (uid, gid uint32, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, fmt.Errorf("testenv: %w", err)
	}
	id, err := strconv.ParseUint(u.Uid, 10, 32)
	group, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return uint32(id), uint32(group), errors.Join(err, err2)
}
