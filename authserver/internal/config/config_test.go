package config_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
		"AUTH_API_URL":                       {"api.example", "ftp://api.example", "://"},
		"AUTH_DATABASE_CONNECTIONS":          {"0", "-1"},
		"AUTH_LOG_LEVEL":                     {"loud", "INFO"},
		"AUTH_REQUEST_TIMEOUT":               {"0s", "-1s"},
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

func TestEveryComplaintComesAtOnce(t *testing.T) {
	bad := map[string]string{
		"AUTH_ISSUER": "x", "AUTH_BODY_LIMIT": "1", "AUTH_LOG_LEVEL": "x", "AUTH_SIGNUP": "x", "AUTH_RATE_LIMIT_AWAY": "x",
		"AUTH_SMTP_FROM": "x", "AUTH_ERASURE_SECRET_FILE": "/nowhere/at/all",
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
		"AUTH_RESOURCE_SERVER_CLIENT_SECRET": "hush-hush", "AUTH_SMTP_PASSWORD": "hush-hush",
	})
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v", err)
	}
}

// fileVariables lists every NAME_FILE of the struct by NAME.
func fileVariables(of reflect.Type, into map[string]bool) {
	for f := range of.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		if base, ok := strings.CutSuffix(name, "_FILE"); ok {
			into[base] = true
		}
		if name == "" && f.Type.Kind() == reflect.Struct {
			fileVariables(f.Type, into)
		}
	}
}

// What a variable needs beside it to be accepted, and a value it accepts.
var companions = map[string]map[string]string{
	"AUTH_RESOURCE_SERVER_CLIENT_SECRET": {"AUTH_RESOURCE_SERVER_CLIENT_ID": "api"},
	"AUTH_ERASURE_SECRET":                {"AUTH_ERASURE_URL": "http://127.0.0.1:8081"},
	"AUTH_SMTP_URL":                      {"AUTH_SMTP_FROM": "me@example.com"},
	"AUTH_SMTP_PASSWORD":                 {"AUTH_SMTP_URL": "smtp://mail.example:587", "AUTH_SMTP_FROM": "me@example.com"},
}

func TestSecretsComeFromFilesToo(t *testing.T) {
	names := map[string]bool{}
	fileVariables(reflect.TypeFor[config.Config](), names)
	if len(names) < 5 {
		t.Fatalf("only %v", names)
	}
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const value = "smtp://127.0.0.1:25"
	good, empty := write("good", " "+value+"\n"), write("empty", "\n")
	for _, name := range slices.Sorted(maps.Keys(names)) {
		with := func(more map[string]string) (config.Config, error) {
			environ := maps.Clone(companions[name])
			if environ == nil {
				environ = map[string]string{}
			}
			maps.Copy(environ, more)
			return config.Read(environ)
		}
		fromFile, err := with(map[string]string{name + "_FILE": good})
		if err != nil {
			t.Errorf("%s_FILE: %v", name, err)
			continue
		}
		direct, err := with(map[string]string{name: value})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, want := valueOf(fromFile, name), valueOf(direct, name); got != want || got != value {
			t.Errorf("%s_FILE gives %q, %s gives %q", name, got, name, want)
		}
		for what, environ := range map[string]map[string]string{
			"both": {name: value, name + "_FILE": good}, "no such file": {name + "_FILE": filepath.Join(dir, "none")},
			"empty": {name + "_FILE": empty}, "a folder": {name + "_FILE": dir},
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
