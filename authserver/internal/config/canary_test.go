package config_test

import (
	"strings"
	"testing"

	"latchkey/authserver/internal/config"
)

func TestCanarySettings(t *testing.T) {
	for name, values := range map[string][]string{
		"AUTH_CANARY_EMAIL": {"x"}, "AUTH_CANARY_INTERVAL": {"0s", "10ms"}, "AUTH_CANARY_LIFE": {"0s", "2m", "-1s"},
	} {
		for _, value := range values {
			if _, err := config.Read(map[string]string{name: value}); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
	if c, err := config.Read(map[string]string{"AUTH_CANARY_EMAIL": "canary@example.com"}); err != nil || c.CanaryEmail != "canary@example.com" {
		t.Errorf("%v", err)
	}
}
