package config_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"latchkey/authserver/internal/config"
)

func TestDefaultsAreEnough(t *testing.T) {
	c, err := config.Read(nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.DatabaseURL != config.DefaultDatabaseURL || c.RedisURL != "" || c.Secure() || c.AccessLifetime != 8760*time.Hour {
		t.Errorf("%+v", c)
	}
	if c, err = config.Read(map[string]string{"AUTH_ISSUER": "https://auth.example/"}); err != nil || !c.Secure() || c.Issuer != "https://auth.example" {
		t.Errorf("%s, secure %v: %v", c.Issuer, c.Secure(), err)
	}
}

func TestEveryComplaint(t *testing.T) {
	for name, values := range map[string][]string{
		"AUTH_ISSUER": {
			"auth.example", "ftp://auth.example", "https://", "https://auth.example/path", "https://auth.example?x=1",
			"https://auth.example#x", "https://me@auth.example", "https://auth.example:x", "://", "HTTPS://auth.example",
			"https://Auth.example", "https://auth.example:443", "http://auth.example:80",
		},
		"AUTH_ADDR":         {"127.0.0.1", "127.0.0.1:http", "x"},
		"AUTH_OPS_ADDR":     {"127.0.0.1:65536"},
		"AUTH_DATABASE_URL": {"mysql://db.example/auth", "auth.db"},
		"AUTH_REDIS_URL": {
			"http://redis.example", "redis.example:6379", "redis://redis.example?addr=", "redis://redis.example?bogus=",
			"redis://redis.example/x", "redis://redis.example?dial_timeout=soon",
		},
		"AUTH_ENCRYPTION_KEY":                {"short", strings.Repeat("0f", 31)},
		"AUTH_ENCRYPTION_KEYS_OLD":           {"short", strings.Repeat("0f", 32) + ",short"},
		"AUTH_MIGRATE":                       {"perhaps"},
		"AUTH_THROTTLE_TOKEN":                {"10", "x/1m", "10/soon"},
		"AUTH_API_URL":                       {"api.example", "ftp://api.example", "://"},
		"AUTH_DATABASE_CONNECTIONS":          {"0", "-1", "many"},
		"AUTH_LOG_LEVEL":                     {"loud", "INFO"},
		"AUTH_REQUEST_TIMEOUT":               {"0s", "-1s", "15", "soon"},
		"AUTH_BODY_LIMIT":                    {"1023", "-1"},
		"AUTH_TRUSTED_PROXIES":               {"proxy", "10.0.0.0/33", "10.0.0.1,x"},
		"AUTH_SWEEP_INTERVAL":                {"0s"},
		"AUTH_CODE_LIFETIME":                 {"0s", "10m1s"},
		"AUTH_ACCESS_TOKEN_LIFETIME":         {"0s"},
		"AUTH_REFRESH_TOKEN_LIFETIME":        {"-1h"},
		"AUTH_CHAIN_LIFETIME":                {"-1s"},
		"AUTH_REFRESH_RETRY_WINDOW":          {"-1s", "61m"},
		"AUTH_CLIENT_CACHE":                  {"-1s", "61s"},
		"AUTH_SIGNUP":                        {"maybe", "Open"},
		"AUTH_SIGNIN_LIFETIME":               {"0s"},
		"AUTH_SIGNIN_IDLE":                   {"0s"},
		"AUTH_INVITATION_LIFETIME":           {"0s"},
		"AUTH_PASSWORD_QUEUE":                {"0"},
		"AUTH_PASSWORD_MEMORY":               {"7", "262145", "-1", "19M"},
		"AUTH_PASSWORD_PASSES":               {"0", "17"},
		"AUTH_ERASURE_URL":                   {"http://127.0.0.1:8081"},
		"AUTH_ERASURE_SECRET":                {"alone"},
		"AUTH_RESOURCE_SERVER_CLIENT_ID":     {"alone"},
		"AUTH_RESOURCE_SERVER_CLIENT_SECRET": {"alone"},
		"AUTH_SMTP_URL":                      {"mail.example", "http://mail.example", "smtp://"},
		"AUTH_SMTP_FROM":                     {"alone@example.com"},
		"AUTH_SMTP_PASSWORD":                 {"alone"},
		"AUTH_RATE_LIMIT_STANDARD":           {"-1"},
		"AUTH_RATE_LIMIT_PREMIUM":            {"-1"},
		"AUTH_RATE_LIMIT_ENTERPRISE":         {"-1"},
		"AUTH_RATE_LIMIT_OAUTH":              {"-1"},
		"AUTH_RATE_LIMIT_AWAY":               {"open"},
		"AUTH_KEY_USE_INTERVAL":              {"0s"},
	} {
		for _, value := range values {
			if _, err := config.Read(map[string]string{name: value}); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
}

func TestPasswordsOfRealPeopleAreNotCheap(t *testing.T) {
	for cost, good := range map[[2]string]bool{
		{"", ""}: true, {"47104", "1"}: true, {"7168", "5"}: true, {"7168", "4"}: false, {"4096", "16"}: false, {"35839", "1"}: false,
	} {
		for issuer, fine := range map[string]bool{"https://auth.example": good, "http://127.0.0.1:8080": true} {
			environ := map[string]string{"AUTH_ISSUER": issuer}
			if cost[0] != "" {
				environ["AUTH_PASSWORD_MEMORY"], environ["AUTH_PASSWORD_PASSES"] = cost[0], cost[1]
			}
			if _, err := config.Read(environ); (err == nil) != fine {
				t.Errorf("%v of %s: %v", cost, issuer, err)
			}
		}
	}
}

func TestEveryComplaintComesAtOnce(t *testing.T) {
	bad := map[string]string{
		"AUTH_ISSUER": "x", "AUTH_BODY_LIMIT": "1", "AUTH_LOG_LEVEL": "x", "AUTH_SIGNUP": "x", "AUTH_RATE_LIMIT_AWAY": "x",
		"AUTH_SMTP_FROM": "x", "AUTH_ERASURE_SECRET_FILE": "/nowhere/at/all", "AUTH_ACCESS_TOKEN_LIFETIME": "a year", "AUTH_ADDR": "x",
		"AUTH_DATABASE_URL": "x", "AUTH_REDIS_URL": "x", "AUTH_DATABASE_CONNECTIONS": "x", "AUTH_ENCRYPTION_KEY": "x", "AUTH_THROTTLE_TOKEN": "x",
	}
	_, err := config.Read(bad)
	if err == nil {
		t.Fatal("no complaint")
	}
	for name := range bad {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not complained about: %v", name, err)
		}
	}
}

// TestComplaintsHoldNoSecret: a start that fails is written to a log.
func TestComplaintsHoldNoSecret(t *testing.T) {
	_, err := config.Read(map[string]string{
		"AUTH_SMTP_URL": "http://me:hush-hush@mail.example", "AUTH_ERASURE_SECRET": "hush-hush",
		"AUTH_RESOURCE_SERVER_CLIENT_SECRET": "hush-hush", "AUTH_SMTP_PASSWORD": "hush-hush", "AUTH_ENCRYPTION_KEY": "hush-hush",
		"AUTH_ENCRYPTION_KEYS_OLD": "hush-hush", "AUTH_DATABASE_URL": "mysql://me:hush-hush@db.example", "AUTH_REDIS_URL": "hush-hush",
	})
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v", err)
	}
}

func TestSettingsComeFromFilesToo(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		value  string
		beside map[string]string // what it needs to be accepted
	}{
		"AUTH_ISSUER":                        {value: "https://auth.example"},
		"AUTH_SIGNUP":                        {value: "invite"},
		"AUTH_REDIS_URL":                     {value: "redis://127.0.0.1/1"},
		"AUTH_DATABASE_URL":                  {value: "postgres://me:pw@db.example/auth"},
		"AUTH_ENCRYPTION_KEY":                {value: strings.Repeat("0f", 32)},
		"AUTH_RESOURCE_SERVER_CLIENT_SECRET": {"ocs_x", map[string]string{"AUTH_RESOURCE_SERVER_CLIENT_ID": "api"}},
		"AUTH_ERASURE_SECRET":                {"hush", map[string]string{"AUTH_ERASURE_URL": "http://127.0.0.1:8081"}},
		"AUTH_SMTP_URL":                      {"smtp://mail.example:587", map[string]string{"AUTH_SMTP_FROM": "me@example.com"}},
		"AUTH_SMTP_PASSWORD":                 {"hush", map[string]string{"AUTH_SMTP_URL": "smtp://mail.example:587", "AUTH_SMTP_FROM": "me@example.com"}},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(" "+c.value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		with := func(more map[string]string) (config.Config, error) {
			environ := maps.Clone(more)
			maps.Copy(environ, c.beside)
			return config.Read(environ)
		}
		fromFile, err := with(map[string]string{name + "_FILE": path})
		if got := valueOf(fromFile, name); err != nil || got != c.value {
			t.Errorf("%s_FILE gives %q, %v", name, got, err)
		}
		for what, environ := range map[string]map[string]string{
			"both": {name: c.value, name + "_FILE": path}, "no such file": {name + "_FILE": path + "x"}, "a folder": {name + "_FILE": dir},
		} {
			if _, err := with(environ); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
}

// valueOf returns the setting that the variable fills.
func valueOf(c config.Config, name string) string {
	var find func(v reflect.Value) string
	find = func(v reflect.Value) string {
		for f, field := range v.Fields() {
			tag, _, _ := strings.Cut(f.Tag.Get("env"), ",")
			if tag == name {
				return field.String()
			}
			if tag == "" && field.Kind() == reflect.Struct {
				if found := find(field); found != "" {
					return found
				}
			}
		}
		return ""
	}
	return find(reflect.ValueOf(c))
}
