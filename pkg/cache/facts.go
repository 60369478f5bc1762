package cache

import (
	"context"
	"strconv"
	"strings"
)

// Facts are what a Redis tells of itself. Of a cluster they are those of one node.
type Facts struct {
	Version    string // "7.4.1"
	Used, Most int64  // bytes of memory; Most 0: it has no limit
	Eviction   string // what it does when it is full: "volatile-ttl" …
	Role       string // "master" or "slave", as Redis says it
	Replicas   int
	Sentinels  bool // Sentinels name the primary
	Cluster    bool
}

// FactsOf asks a Redis about itself. That takes the command INFO, which a user of Redis may
// not have. ok false: s is in this process.
func FactsOf(ctx context.Context, s Store) (f Facts, ok bool, err error) {
	r, ok := s.(*Redis)
	if !ok {
		return f, false, nil
	}
	f.Sentinels, f.Cluster = r.address.kind == sentinel, r.address.kind == cluster
	text, err := r.Client().Info(ctx).Result()
	if err != nil {
		return f, true, away(err)
	}
	words := map[string]*string{"redis_version": &f.Version, "maxmemory_policy": &f.Eviction, "role": &f.Role}
	replicas := int64(0)
	numbers := map[string]*int64{"used_memory": &f.Used, "maxmemory": &f.Most, "connected_slaves": &replicas}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if to := words[name]; to != nil {
			*to = value
		}
		if to := numbers[name]; to != nil {
			*to, _ = strconv.ParseInt(value, 10, 64) // 0: it says no number
		}
	}
	f.Replicas = int(replicas)
	return f, true, nil
}

// Eviction says what a Redis does when it has used the memory it may, and whether
// there is such a limit.
func Eviction(ctx context.Context, s Store) (policy string, limited bool, err error) {
	f, ok, err := FactsOf(ctx, s)
	if !ok {
		return "", false, ErrUnavailable
	}
	return f.Eviction, f.Most != 0, err
}
