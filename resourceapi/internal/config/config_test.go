package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/resourceapi/internal/config"
)

func TestEverythingWorksUnset(t *testing.T) {
	c, err := config.Read(map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "127.0.0.1:8081" || c.OpsAddr != "127.0.0.1:8091" || c.IntrospectionURL != "http://127.0.0.1:8080/oauth/introspect" ||
		c.DatabaseURL != config.DefaultDatabaseURL || c.DefaultCurrency != "USD" || !c.Migrate || c.Secure() {
		t.Errorf("defaults: %+v", c)
	}
}

func TestAllComplaintsAtOnce(t *testing.T) {
	_, err := config.Read(map[string]string{
		"API_URL": "nowhere", "API_WORKER_LEASE": "0s", "API_RATE_LIMIT_AWAY": "open", "API_ERASURE_SECRET": "short",
		"API_INTROSPECTION_CLIENT_ID": "alone", "API_TRUSTED_PROXIES": "everyone", "API_LOG_LEVEL": "loud", "API_BODY_LIMIT": "1",
		"API_ADDR": "x", "API_OPS_ADDR": "x", "API_DATABASE_URL": "x", "API_MIGRATION_DATABASE_URL": "x", "API_REDIS_URL": "x",
		"API_INTROSPECTION_TIMEOUT": "soon", "API_DEFAULT_CURRENCY": "money", "API_WORKERS": "some", "API_NAME": " ", "API_COLOUR": "#ffcc00", "API_COLOUR_DARK": "teal",
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{
		"API_URL", "API_WORKER_LEASE", "API_RATE_LIMIT_AWAY", "API_ERASURE_SECRET", "API_INTROSPECTION_CLIENT_SECRET", "API_TRUSTED_PROXIES",
		"API_LOG_LEVEL", "API_BODY_LIMIT", "API_ADDR", "API_OPS_ADDR", "API_DATABASE_URL", "API_MIGRATION_DATABASE_URL", "API_REDIS_URL",
		"API_INTROSPECTION_TIMEOUT must be a duration", "API_DEFAULT_CURRENCY", "API_WORKERS must be a whole number", "API_NAME: ", "API_COLOUR: ", "API_COLOUR_DARK: ",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("no word about %s in %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "short") {
		t.Error("a secret is printed")
	}
}

func TestBoundsOfALife(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, "1s": true, "1ms": true, "1m": true, "0s": false, "-1s": false, "60001ms": false, "1h": false, "1": false, "soon": false,
	} {
		c, err := config.Read(map[string]string{"API_CREDENTIAL_LIFE": text})
		if ok != (err == nil) || err != nil && !strings.Contains(err.Error(), "API_CREDENTIAL_LIFE must be ") {
			t.Errorf("%q: %v", text, err)
		}
		if text == "" && c.CredentialLife != time.Second {
			t.Errorf("by default %v", c.CredentialLife)
		}
	}
}

func TestRedisURLsThatCannotWork(t *testing.T) {
	for _, text := range []string{"redis://h?addr=", "redis://h?bogus=", "redis://h/x", "redis://h?dial_timeout=soon"} {
		if _, err := config.Read(map[string]string{"API_REDIS_URL": text}); err == nil || !strings.Contains(err.Error(), "API_REDIS_URL ") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestSecretsComeFromFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("ocs_something\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(map[string]string{"API_INTROSPECTION_CLIENT_ID": "id", "API_INTROSPECTION_CLIENT_SECRET_FILE": path})
	if err != nil || c.ClientSecret != "ocs_something" {
		t.Errorf("%q, %v", c.ClientSecret, err)
	}
	for name, environ := range map[string]map[string]string{
		"both":    {"API_INTROSPECTION_CLIENT_ID": "id", "API_INTROSPECTION_CLIENT_SECRET_FILE": path, "API_INTROSPECTION_CLIENT_SECRET": "x"},
		"missing": {"API_INTROSPECTION_CLIENT_ID": "id", "API_INTROSPECTION_CLIENT_SECRET_FILE": path + "x"},
	} {
		if _, err := config.Read(environ); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
