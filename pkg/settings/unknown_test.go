package settings_test

import (
	"slices"
	"strings"
	"testing"

	"latchkey/pkg/settings"
)

// TestD12_MisspeltSettings: one that is nearly a setting is refused, another one of
// the service's is told, and nobody else's is looked at.
func TestD12_MisspeltSettings(t *testing.T) {
	type config struct {
		Addr   string `env:"AUTH_ADDR"`
		Secret string `env:"AUTH_SECRET"`
	}
	more := func(name string) bool { return strings.HasPrefix(name, "AUTH_SSO_") }
	unknown, err := settings.Unknown(config{}, map[string]string{
		"AUTH_ADDR": "", "AUTH_SECRET_FILE": "", "AUTH_SSO_ANY_NAME": "", "AUTH_PORT_8080_TCP": "", "API_ADR": "", "PATH": "", "AUTH": "",
	}, "AUTH_", more)
	if err != nil || !slices.Equal(unknown, []string{"AUTH_PORT_8080_TCP"}) {
		t.Errorf("%v, %v", unknown, err)
	}
	for name, meant := range map[string]string{
		"AUTH_ADR": "AUTH_ADDR", "AUTH_ADDRS": "AUTH_ADDR", "AUTH_ADRD": "AUTH_ADDR", "AUTH_SECRTE_FILE": "AUTH_SECRET", "AUTH_Secret": "",
	} {
		unknown, err := settings.Unknown(config{}, map[string]string{name: "hush"}, "AUTH_", more)
		if meant != "" && (err == nil || !strings.Contains(err.Error(), name+" is no setting: is "+meant+" meant?") || len(unknown) > 0) ||
			meant == "" && (err != nil || len(unknown) != 1) {
			t.Errorf("%s: %v, %v", name, unknown, err)
		}
	}
}
