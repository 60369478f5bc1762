package testenv

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"latchkey/pkg/testenv/process"
)

// RedisServer is a redis-server of a test's own, which the test may break.
type RedisServer struct {
	URL  string // redis://host:port
	Addr string // host:port

	t    testing.TB
	dir  string
	args []string
	cmd  *exec.Cmd
}

// StartRedis starts a redis-server on a free port with a folder of its own; args
// are configuration as on its command line. It ends with the test. Without the
// program (TEST_REDIS_SERVER, or redis-server on the PATH) the test is skipped;
// when engines are required it fails.
func StartRedis(t testing.TB, args ...string) *RedisServer {
	t.Helper()
	addr, err := process.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	s := &RedisServer{t: t, Addr: addr, URL: "redis://" + addr, dir: t.TempDir(), args: args}
	s.Restart()
	t.Cleanup(s.Kill)
	return s
}

func redisProgram(t testing.TB) string {
	t.Helper()
	const variable = "TEST_REDIS_SERVER"
	name := os.Getenv(variable)
	if name == "" {
		name = "redis-server"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, "redis-server", variable, err)
	}
	return path
}

// Restart starts the server again after Kill, on the same address, from the dump
// in its folder when there is one.
func (s *RedisServer) Restart() {
	s.t.Helper()
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	own := []string{"--bind", host, "--port", port, "--dir", s.dir, "--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"}
	s.cmd = exec.Command(redisProgram(s.t), append(own, s.args...)...) //nolint:gosec,noctx // an engine; Kill ends it
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	Eventually(s.t, serverTimeout, "redis-server answers", func() bool {
		conn, err := net.Dial("tcp", s.Addr) //nolint:noctx // loopback
		if err != nil {
			return false
		}
		_ = conn.Close() // it listens; whether it has read its dump is what PING says
		answer, err := s.ask("PING")
		return err == nil && answer == "PONG"
	})
}

// PID is that of the server's process.
func (s *RedisServer) PID() int { return s.cmd.Process.Pid }

// Kill ends the server at once: what is not in its dump is lost.
func (s *RedisServer) Kill() {
	_ = s.cmd.Process.Kill() // it may have ended already
	_ = s.cmd.Wait()         // killed: that is its error
}

// Do sends one command and returns its answer.
func (s *RedisServer) Do(args ...any) any {
	s.t.Helper()
	answer, err := s.ask(args...)
	if err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return answer
}

func (s *RedisServer) ask(args ...any) (any, error) {
	client := redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1, DialerRetries: 1, DialTimeout: probeTimeout, DisableIdentity: true})
	defer client.Close() //nolint:errcheck // its one command has been answered
	return client.Do(s.t.Context(), args...).Result()
}

// Follow makes the server a replica of primary and waits until it has all of its
// data.
func (s *RedisServer) Follow(primary *RedisServer) {
	s.t.Helper()
	host, port, err := net.SplitHostPort(primary.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Do("REPLICAOF", host, port)
	Eventually(s.t, serverTimeout, "the replica has the data", func() bool {
		there, err := primary.ask("WAIT", 1, 100)
		return err == nil && there == int64(1)
	})
}

// clusterSlots is how many parts a cluster's keys fall into.
const clusterSlots = 16384

// StartRedisCluster starts a cluster of n masters that share all keys.
func StartRedisCluster(t testing.TB, n int) []*RedisServer {
	t.Helper()
	servers, buses := make([]*RedisServer, n), make([]string, n)
	for i := range servers {
		bus, err := process.FreeAddr()
		if err != nil {
			t.Fatal(err)
		}
		_, buses[i], err = net.SplitHostPort(bus)
		if err != nil {
			t.Fatal(err)
		}
		servers[i] = StartRedis(t, "--cluster-enabled", "yes", "--cluster-port", buses[i])
		servers[i].Do("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(clusterSlots*i/n), strconv.Itoa(clusterSlots*(i+1)/n-1))
	}
	for i, other := range servers[1:] {
		host, port, err := net.SplitHostPort(other.Addr)
		if err != nil {
			t.Fatal(err)
		}
		servers[0].Do("CLUSTER", "MEET", host, port, buses[i+1])
	}
	for _, s := range servers {
		Eventually(t, serverTimeout, "the cluster is whole", func() bool {
			info, _ := s.ask("CLUSTER", "INFO")
			text := fmt.Sprint(info)
			return strings.Contains(text, "cluster_state:ok") && strings.Contains(text, "cluster_size:"+strconv.Itoa(n))
		})
	}
	return servers
}
