package cache_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/pkg/cache"
)

// A URL that cannot work is one sentence at start. It names the setting, and of
// the URL nothing that may be part of a password.
func TestD14_URLsThatCannotWorkAreOneSentence(t *testing.T) {
	for text, says := range map[string]string{
		"memcached://x":                           "start with redis://",
		"redis.example:6379":                      "start with redis://",
		"/var/run/redis.sock":                     "start with redis://",
		"redis://:hunter2@%zz":                    "is no URL",
		"redis://user:hun/ter2@h:6379/0":          "is no URL",
		"redis://h:port":                          "is no URL",
		"redis:hunter2":                           "number of a database",
		"redis://user:12/hunter2@h:6379/0":        "number of a database",
		"redis://:12#hunter2@h":                   "number of a database",
		"redis://h:6379/x":                        "number of a database",
		"redis://h:6379/-1":                       "number of a database",
		"redis://h:6379/0/1":                      "number of a database",
		"redis://h:6379/?db=x":                    ": db",
		"redis://h:6379/?db=-1":                   "cannot be parsed",
		"redis://h:6379?addr=":                    ": addr",
		"redis://h:6379?addr=other:6379":          ": addr",
		"redis://h:6379?bogus=1":                  ": bogus",
		"redis://h:6379?dial_timeout=soon":        ": dial_timeout",
		"rediss://h?skip_verify=perhaps&bogus=1":  ": bogus, skip_verify",
		"redis://h?skip_verify=true":              ": skip_verify",
		"redis://:12?hunter2@h":                   "not a parameter's",
		"redis://h?protocol=3&pool_size=hunter_2": ": pool_size",
		"redis+other://h":                         "start with redis://",
		"redis+://h":                              "start with redis://",
		"redis://h1:1,h2:x":                       "no URL",
		"redis://h1:x,h2:1":                       "must name hosts",
		"redis://h1,,h2":                          "must name hosts",
		"redis://h1,h2/3":                         "one database",
		"redis+cluster://h/3":                     "one database",
		"redis+sentinel://h1,h2":                  "must name the primary",
		"redis+sentinel://h1,h2/0":                "must name the primary",
		"redis+sentinel://h1,h2/house/x":          "number of a database",
		"redis+sentinel://h1/house?bogus=1":       ": bogus",
	} {
		s, err := cache.Open(text, cache.Options{Now: time.Now})
		if err == nil || s != nil {
			t.Errorf("Open(%q): %v, %v", text, s, err)
			continue
		}
		err = cache.CheckURL("AUTH_REDIS_URL", text)
		if err == nil || !strings.HasPrefix(err.Error(), "AUTH_REDIS_URL ") || !strings.Contains(err.Error(), says) ||
			strings.Contains(err.Error(), "unter") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want something with %q", text, err, says)
		}
	}
}

func TestURLsThatCanWorkAreTaken(t *testing.T) {
	for _, text := range []string{
		"", "redis://", "redis://h", "redis://h/", "redis://h:6379/0", "redis://:p%40ss@h:6379/15", "redis://user:pass@[::1]:6379", "rediss://h/1?skip_verify=true",
		"redis://127.0.0.1:1,127.0.0.1:2", "rediss+cluster://:pass@h1,h2", "redis+sentinel://user:pass@h1,h2:26380/house/3?sentinel_password=p",
		"rediss+sentinel://h1?master_name=house",
		"redis://h?db=3&protocol=2&client_name=latchkey&read_timeout=3s&max_retries=-1",
	} {
		if err := cache.CheckURL("AUTH_REDIS_URL", text); err != nil {
			t.Error(err)
		}
		s, err := cache.Open(text, cache.Options{Now: time.Now})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Whatever a URL says, opening it is an error or a store, and using one that
// does not answer an error.
func FuzzURL(f *testing.F) {
	for _, text := range []string{
		"redis://127.0.0.1:1?min_idle_conns=-5", "redis://127.0.0.1:1?max_active_conns=-1", "redis://127.0.0.1:1?max_concurrent_dials=-3",
		"redis://127.0.0.1:1?pipeline_read_buffer_size=-1&pipeline_write_buffer_size=-1&pipeline_pool_size=-7", "redis://127.0.0.1:1?protocol=9&db=-4",
		"redis://127.0.0.1:1?max_idle_conns=-1&pool_fifo=true&conn_max_lifetime=-1s&conn_max_lifetime_jitter=-1s",
		"redis://127.0.0.1:99999", "rediss://127.0.0.1:1/7", "redis://%00", "redis://127.0.0.1:1?pipeline_pool_size=99999999999999999999",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := cache.CheckURL("X", text); err != nil && strings.Contains(err.Error(), "\n") {
			t.Error(err)
		}
		if !strings.Contains(text, "//127.0.0.1:1?") {
			return
		}
		s, err := cache.Open(text, cache.Options{Now: time.Now, Timeout: time.Millisecond})
		if err != nil {
			return
		}
		if err := s.Ping(t.Context()); err == nil {
			t.Error("port 1 answers")
		}
		_ = s.Close()
	})
}
