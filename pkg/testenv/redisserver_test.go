package testenv

import (
	"testing"
)

func TestARedisServerOfOnesOwn(t *testing.T) {
	s := StartRedis(t)
	s.Do("SET", "k", "kept")
	s.Do("SAVE")
	s.Do("SET", "k", "lost")
	s.Kill()
	if _, err := s.ask("PING"); err == nil {
		t.Fatal("a killed server answers")
	}
	s.Restart()
	if got := s.Do("GET", "k"); got != "kept" {
		t.Errorf("after a restart from the dump: %v", got)
	}
	replica := StartRedis(t)
	replica.Follow(s)
	if got := replica.Do("GET", "k"); got != "kept" {
		t.Errorf("at the replica: %v", got)
	}
	proxy, through := NewProxy(t, s.URL)
	client := &RedisServer{t: t, Addr: through[len("redis://"):]}
	replica.Do("REPLICAOF", "NO", "ONE")
	replica.Do("SET", "k", "promoted")
	proxy.Lead(replica.Addr)
	if got := client.Do("GET", "k"); got != "promoted" {
		t.Errorf("through the proxy: %v", got)
	}
}

func TestAClusterSharesTheKeys(t *testing.T) {
	holders := 0
	for _, s := range StartRedisCluster(t, 3) {
		if _, err := s.ask("SET", "k", "v"); err == nil {
			holders++
		}
	}
	if holders != 1 {
		t.Errorf("%d masters hold one key", holders)
	}
}
