package testenv

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Disk is a small disk of a test's own, which the test may fill.
type Disk struct {
	Dir string
	t   testing.TB
}

// NewDisk mounts a disk of size bytes (with a suffix, as 16m) in memory. Where that is
// not allowed the test is skipped; when engines are required, it fails.
func NewDisk(t testing.TB, size string) *Disk {
	t.Helper()
	dir, err := os.MkdirTemp("", "latchkey-disk-") //nolint:usetesting // an engine's user must be able to reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size="+size+",mode=0777"); err != nil {
		if RequireEngines() {
			t.Fatalf("a small disk is required and cannot be mounted here: %v", err)
		}
		t.Skipf("a small disk cannot be mounted here, which takes root: %v", err)
	}
	if uid, gid, err := idsOf("postgres"); err == nil { // for a tablespace
		_ = os.Chown(dir, int(uid), int(gid))
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }) // what uses it has ended or is about to
	return &Disk{dir, t}
}

// Fill leaves no byte on the disk until free is called.
func (d *Disk) Fill() (free func()) {
	d.t.Helper()
	name := filepath.Join(d.Dir, "filling")
	f, err := os.Create(name) //nolint:gosec // a path of our own
	if err != nil {
		d.t.Fatal(err)
	}
	for block := make([]byte, 1<<16); len(block) > 0; {
		n, err := f.Write(block)
		switch {
		case err == nil:
		case errors.Is(err, syscall.ENOSPC):
			block = block[:(len(block)-n)/2]
		default:
			d.t.Fatal(err)
		}
	}
	_ = f.Close() // it is in memory
	return func() {
		if err := os.Remove(name); err != nil {
			d.t.Error(err)
		}
	}
}
