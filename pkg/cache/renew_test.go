package cache_test

import (
	"testing"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/testenv"
)

// TestANewPasswordOfRedisNeedsNoRestart: connections that are opened after Renew have it.
func TestANewPasswordOfRedisNeedsNoRestart(t *testing.T) {
	server := testenv.StartRedis(t)
	user := func(password string) {
		server.Do("ACL", "SETUSER", "app", "reset", "on", ">"+password, "~*", "&*", "+@all")
	}
	user("first")
	as := func(password string) string { return "redis://app:" + password + "@" + server.Addr }
	s, err := cache.Open(as("first"), cache.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // end of the test
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	user("second")
	server.Do("CLIENT", "KILL", "USER", "app")
	_ = s.Ping(t.Context()) // finds that its connection has ended
	if err := s.Ping(t.Context()); err == nil {
		t.Fatal("the old password is still taken: this test cannot fail")
	}
	apply, err := cache.Renewal(s, as("second"))
	if err != nil {
		t.Fatal(err)
	}
	apply()
	testenv.Eventually(t, 30*time.Second, "Redis takes the new password", func() bool { return s.Ping(t.Context()) == nil })
	if _, err := cache.Renewal(s, "http://nonsense"); err == nil {
		t.Error("a URL that is none is taken")
	}
}
