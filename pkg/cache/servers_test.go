package cache_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/testenv"
)

func openAt(t *testing.T, url string) *cache.Redis {
	t.Helper()
	s, err := cache.OpenRedis(url, cache.Options{Now: time.Now, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// keeps writes and reads values under many keys, singly and together, and tells a
// listener of their end.
func keeps(t *testing.T, s cache.Store) {
	t.Helper()
	var keys []string
	for i := range 30 {
		key := unique(t, fmt.Sprint(i))
		keys = append(keys, key)
		if err := s.Set(t.Context(), key, []byte(key), time.Minute); err != nil {
			t.Fatalf("key %d: %v", i, err)
		}
		if value, left, err := s.Get(t.Context(), key); err != nil || string(value) != key || left <= 0 {
			t.Errorf("key %d: %q for %v, %v", i, value, left, err)
		}
	}
	heard := make(chan string, 10)
	go func() {
		_ = s.Subscribe(t.Context(), "test", func(message []byte) { heard <- string(message) })
	}()
	testenv.Eventually(t, 30*time.Second, "a message arrives", func() bool {
		if err := s.DeleteAndPublish(t.Context(), keys, "test", []byte("gone")); err != nil {
			t.Fatal(err)
		}
		select {
		case message := <-heard:
			return strings.Contains(message, "gone")
		case <-time.After(100 * time.Millisecond):
			return false
		}
	})
	for _, key := range keys {
		if value, _, err := s.Get(t.Context(), key); err != nil || value != nil {
			t.Errorf("%s is still there: %q, %v", key, value, err)
		}
	}
}

// TestD2_AClusterKeepsEveryKey, whichever way its URL is written.
func TestD2_AClusterKeepsEveryKey(t *testing.T) {
	masters := testenv.StartRedisCluster(t, 3)
	for what, url := range map[string]string{
		"one node":       masters[1].URL,
		"several":        "redis://" + masters[0].Addr + "," + masters[2].Addr,
		"by its scheme":  "redis+cluster://" + masters[2].Addr,
		"one and a host": "redis+cluster://127.0.0.1:1," + masters[0].Addr,
	} {
		t.Run(what, func(t *testing.T) { keeps(t, openAt(t, url)) })
	}
}

// TestD2_SentinelsNameThePrimary, also after it is gone.
func TestD2_SentinelsNameThePrimary(t *testing.T) {
	primary, replica := testenv.StartRedis(t), testenv.StartRedis(t)
	replica.Follow(primary)
	url := "redis+sentinel://" + strings.Join(testenv.StartSentinels(t, 3, "house", primary, 1), ",") + "/house/0"
	s := openAt(t, url)
	keeps(t, s)
	heard := make(chan struct{}, 100)
	go func() { _ = s.Subscribe(t.Context(), "after", func([]byte) { heard <- struct{}{} }) }()
	primary.Kill()
	testenv.Eventually(t, 30*time.Second, "the replica is the primary", func() bool { return s.Ping(t.Context()) == nil })
	testenv.Eventually(t, 30*time.Second, "those who listen hear the new primary", func() bool {
		_ = s.DeleteAndPublish(t.Context(), nil, "after", []byte("."))
		select {
		case <-heard:
			return true
		case <-time.After(100 * time.Millisecond):
			return false
		}
	})
	keeps(t, s)
}

// needed is what docs/operations.md tells operators to allow a user of Redis.
const needed = "~* &* -@all +@connection +@read +@write +@scripting +@pubsub +time +cluster"

// TestD2_UsersOfRedis need no more than the documents say, and are told what they
// lack.
func TestD2_UsersOfRedis(t *testing.T) {
	server := testenv.StartRedis(t)
	server.Do(append([]any{"ACL", "SETUSER", "latchkey", "on", ">hush"}, words(needed)...)...)
	server.Do("ACL", "SETUSER", "reader", "on", ">hush", "~*", "&*", "+@read", "+@connection")
	server.Do("ACL", "SETUSER", "default", "off")
	for url, says := range map[string]string{
		"redis://latchkey:hush@" + server.Addr + "/3":              "",
		"redis://latchkey:hush@" + server.Addr + "/16":             "no database of that number",
		"redis://latchkey:wrong@" + server.Addr:                    "refuses the user or the password",
		"redis://" + server.Addr:                                   "refuses the user or the password",
		"redis://reader:hush@" + server.Addr:                       "may not send the command 'SET'",
		"redis+cluster://latchkey:hush@" + server.Addr:             "no cluster",
		"redis://latchkey:hush@" + server.Addr + "," + server.Addr: "no cluster",
	} {
		s := openAt(t, url)
		err := cache.Check(t.Context(), "AUTH_REDIS_URL", s)
		if (err == nil) != (says == "") || err != nil && (!strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "AUTH_REDIS_URL: ") ||
			strings.Contains(err.Error(), "hush")) {
			t.Errorf("%s: %v", url, err)
		}
		if says == "" {
			keeps(t, s)
		}
	}
}

func words(text string) (list []any) {
	for word := range strings.FieldsSeq(text) {
		list = append(list, word)
	}
	return list
}

// TestD2_WhatIsNoRedisToWorkWith is said at start.
func TestD2_WhatIsNoRedisToWorkWith(t *testing.T) {
	primary := testenv.StartRedis(t)
	addr := testenv.StartSentinels(t, 1, "house", primary, 0)[0]
	for url, says := range map[string]string{
		"redis://" + addr:                                 "this is a Sentinel",
		"redis+sentinel://" + addr + "/barn":              "no primary of that name",
		"redis+sentinel://" + addr + "/house":             "",
		"redis+sentinel://127.0.0.1:1/house":              "", // away: it may come back
		"redis://127.0.0.1:1":                             "",
		"redis+sentinel://" + addr + "?master_name=house": "",
	} {
		err := cache.Check(t.Context(), "X", openAt(t, url))
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", url, err, says)
		}
	}
}

// TestD2_TLS with an authority that is trusted, and one that is not.
func TestD2_TLS(t *testing.T) {
	server, _ := testenv.StartRedisTLS(t)
	var err error // none while the server does not answer in time, as on a machine with much else to do
	testenv.Eventually(t, 30*time.Second, "the answer about an authority nobody trusts", func() bool {
		err = cache.Check(t.Context(), "X", openAt(t, server.URL))
		return err != nil
	})
	if !strings.Contains(err.Error(), "not trusted") {
		t.Errorf("an authority nobody trusts: %v", err)
	}
	keeps(t, openAt(t, server.URL+"?skip_verify=true"))
}
