package e2e

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"latchkey/pkg/database"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
)

// TestLongWorkSaysHowFarItIs on the terminal, and there alone: neither into what it
// prints, nor where standard error is no terminal, nor to who asked for quiet.
func TestLongWorkSaysHowFarItIs(t *testing.T) {
	w := startWorld(t, testenv.Embedded, stack.Setup{Dir: t.TempDir(), AuthEnv: unthrottled})
	h := w.settle(w.public())
	w.authenticator(w.person())
	w.refreshed(h.app, h.pair.Refresh)
	if err := os.WriteFile(filepath.Join(w.Dir, "notes"), []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ command, says string }{
		{"events verify", "events verified: "},
		{"events export", "events written: "},
		{"encryption-key rotate", "second factors and security events: "},
		{"apikey scan notes --json", "files read: "},
		{"sweep", "rows deleted: "},
	} {
		words := strings.Fields(c.command)
		if c.command == "sweep" { // what has expired by now
			execIn(t, w.AuthDB, `UPDATE signins SET expires_at = 0`)
		}
		out, seen := w.onTerminal(words...)
		if !strings.Contains(seen, c.says) || !strings.HasSuffix(seen, "\r\x1b[K") || strings.Contains(out, c.says) || out == "" {
			t.Errorf("%s: on the terminal %q; printed %q", c.command, seen, out)
		}
		if _, seen := w.onTerminal(append(words, "--quiet")...); seen != "" {
			t.Errorf("%s --quiet says %q", c.command, seen)
		}
		cmd := w.command(words...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if _, err := cmd.Output(); err != nil || errs.Len() > 0 {
			t.Errorf("%s into a file: %v, %q", c.command, err, errs.String())
		}
	}
}

func execIn(t *testing.T, address, text string) {
	t.Helper()
	db, err := database.Open(t.Context(), address, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it has written
	if _, err := db.Exec(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}

// command is the command line of authserver, as an operator runs it.
func (w *world) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(w.t.Context(), w.Binaries.Auth, args...) //nolint:gosec // our own binary
	cmd.Dir = w.Dir
	cmd.Env = []string{"AUTH_DATABASE_URL=" + w.AuthDB, "AUTH_LOG_LEVEL=warn", "PATH=" + os.Getenv("PATH")}
	return cmd
}

// onTerminal runs a command whose standard error is a terminal, and returns what it
// printed and what was on that.
func (w *world) onTerminal(args ...string) (out, seen string) {
	w.t.Helper()
	ours, theirs := terminal(w.t)
	cmd := w.command(args...)
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, theirs
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	_ = theirs.Close() // the command has it
	all, _ := io.ReadAll(ours)
	if err := cmd.Wait(); err != nil {
		w.t.Fatalf("%v: %v\n%s%s", args, err, printed.String(), all)
	}
	return printed.String(), string(all)
}

// terminal returns both ends of a terminal (ptmx(4)).
func terminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ours.Close() })
	var number, unlocked int32
	for request, at := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlocked, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, ours.Fd(), request, uintptr(unsafe.Pointer(at))); errno != 0 { //nolint:gosec // as ioctl(2) wants it
			t.Fatal(errno)
		}
	}
	if theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}
