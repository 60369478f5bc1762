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
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/testenv/process"
)

// StartPostgres starts a PostgreSQL server of a test's own, for what others at the
// same server would disturb, and returns its URL. It writes to no disk for sure
// and vacuums nothing by itself; settings are more of its configuration,
// name=value. It ends with the test. Without the programs (TEST_POSTGRES_BIN, or
// where packages put them) the test is skipped; when engines are required it
// fails.
func StartPostgres(t testing.TB, settings ...string) string {
	t.Helper()
	bin, addr := postgresPrograms(t), freeAddr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "latchkey-postgres-") //nolint:usetesting // its user must be able to reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	as := serverUser(t, dir)
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", dir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync") //nolint:gosec,noctx // an engine
	initdb.SysProcAttr, initdb.Dir = as, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	args := []string{"-D", dir, "-h", host, "-p", port, "-k", dir}
	for _, s := range append([]string{"fsync=off", "autovacuum=off", "shared_buffers=32MB"}, settings...) {
		args = append(args, "-c", s)
	}
	server := exec.Command(filepath.Join(bin, "postgres"), args...) //nolint:gosec,noctx // an engine; it ends with the test
	server.SysProcAttr, server.Dir = as, dir
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGQUIT) // at once: nothing is kept
		_ = server.Wait()                          // its status says that it was told to
	})
	url := "postgres://postgres@" + addr + "/postgres?sslmode=disable"
	Eventually(t, serverTimeout, "PostgreSQL answers", func() bool { return answers(t.Context(), url) == nil })
	return url
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
