package testenv

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// StartSentinels starts n Sentinels that watch primary under name, and returns
// their addresses once they know its replicas. They notice quickly that it is
// gone. They end with the test. Without the program (TEST_REDIS_SENTINEL, or
// redis-sentinel on the PATH) the test is skipped; when engines are required it
// fails.
func StartSentinels(t testing.TB, n int, name string, primary *RedisServer, replicas int) []string {
	t.Helper()
	const variable = "TEST_REDIS_SENTINEL"
	program := os.Getenv(variable)
	if program == "" {
		program = "redis-sentinel"
	}
	path, err := exec.LookPath(program)
	if err != nil {
		missing(t, "redis-sentinel", variable, err)
	}
	addrs := make([]string, n)
	servers := make([]*RedisServer, n)
	for i := range addrs {
		addrs[i] = freeAddr(t)
		servers[i] = startSentinel(t, path, addrs[i], name, primary.Addr, n/2+1)
	}
	for _, s := range servers {
		Eventually(t, serverTimeout, "the Sentinels know each other and the replicas", func() bool {
			info, _ := s.ask("INFO", "sentinel")
			return strings.Contains(fmt.Sprint(info), fmt.Sprintf("slaves=%d,sentinels=%d", replicas, n))
		})
	}
	return addrs
}

func startSentinel(t testing.TB, program, addr, name, primary string, quorum int) *RedisServer {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	primaryHost, primaryPort, err := net.SplitHostPort(primary)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "sentinel.conf")
	settings := fmt.Sprintf("bind %s\nport %s\ndir %s\nsentinel monitor %[4]s %s %s %d\nsentinel down-after-milliseconds %[4]s 500\nsentinel failover-timeout %[4]s 3000\n",
		host, port, dir, name, primaryHost, primaryPort, quorum)
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &RedisServer{t: t, Addr: addr, cmd: exec.Command(program, file)} //nolint:gosec,noctx // an engine; Kill ends it
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}
