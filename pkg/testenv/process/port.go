package process

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// Ports for servers lie below those the system gives to outgoing connections and
// to listeners on port 0 (from 32768 on Linux, 49152 elsewhere), so that nothing
// takes one between its choice and its use.
const (
	firstPort = 20000
	lastPort  = 32000
)

// ports holds the lock files of the ports this process has taken; other test
// processes leave these ports alone until it ends.
var ports struct {
	sync.Mutex

	taken map[int]*os.File
}

// FreeAddr returns a loopback address that nobody listens on and that no other
// process using this function gets while this one lives.
func FreeAddr() (string, error) {
	folder := filepath.Join(os.TempDir(), "latchkey-ports-"+strconv.Itoa(os.Getuid()))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("process: free port: %w", err)
	}
	ports.Lock()
	defer ports.Unlock()
	if ports.taken == nil {
		ports.taken = map[int]*os.File{}
	}
	for range lastPort - firstPort {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // not a secret
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if ports.taken[port] != nil || !free(addr) {
			continue
		}
		lock, err := lockFile(filepath.Join(folder, strconv.Itoa(port)))
		if err != nil {
			return "", err
		}
		if lock == nil {
			continue
		}
		ports.taken[port] = lock
		return addr, nil
	}
	return "", errors.New("process: no free port")
}

func free(addr string) bool {
	l, err := net.Listen("tcp", addr) //nolint:noctx // returns at once
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// lockFile returns the locked file at path, nil when another process holds it.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a path of our own
	if err != nil {
		return nil, fmt.Errorf("process: free port: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, file.Close()
	}
	return file, nil
}
