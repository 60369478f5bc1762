package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/authserver/internal/config"
)

func TestSSOProviders(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(map[string]string{
		"AUTH_SSO_PROVIDERS":        "google, my-work",
		"AUTH_SSO_GOOGLE_ISSUER":    "https://accounts.google.com",
		"AUTH_SSO_GOOGLE_CLIENT_ID": "g", "AUTH_SSO_GOOGLE_CLIENT_SECRET": "s",
		"AUTH_SSO_MY_WORK_ISSUER": "http://127.0.0.1:9000/realm", "AUTH_SSO_MY_WORK_CLIENT_ID_FILE": file,
		"AUTH_SSO_MY_WORK_CLIENT_SECRET_FILE": file, "AUTH_SSO_MY_WORK_LABEL": "Work", "AUTH_SSO_MY_WORK_SCOPES": "openid email groups",
		"AUTH_SSO_CREATE": "domains", "AUTH_SSO_DOMAINS": "Example.com,b.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []config.SSOProvider{
		{Name: "google", Issuer: "https://accounts.google.com", ClientID: "g", ClientSecret: "s", Label: "Google", Scopes: []string{}},
		{
			Name: "my-work", Issuer: "http://127.0.0.1:9000/realm", ClientID: "from a file", ClientSecret: "from a file", Label: "Work",
			Scopes: []string{"openid", "email", "groups"},
		},
	}
	if diff := cmp.Diff(want, c.SSO.Providers); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"example.com", "b.example"}, c.SSO.Domains); diff != "" {
		t.Error(diff)
	}
}

func TestEveryComplaintAboutSSOAtOnce(t *testing.T) {
	_, err := config.Read(map[string]string{
		"AUTH_ISSUER": "https://id.example", "AUTH_SSO_PROVIDERS": "ok,ok,mobile,UPPER",
		"AUTH_SSO_OK_ISSUER": "http://idp.example", "AUTH_SSO_CREATE": "sometimes", "AUTH_SSO_DOMAINS": "@x",
		"AUTH_SSO_MOBILE_REDIRECT": "javascript:alert(1)", "AUTH_SSO_TIMEOUT": "0s",
	})
	for _, words := range []string{
		`"ok" is there twice`, `"mobile" is no name`, `"UPPER" is no name`, "AUTH_SSO_OK_ISSUER must be https", "AUTH_SSO_OK_CLIENT_ID must be set",
		"AUTH_SSO_CREATE must be", "AUTH_SSO_DOMAINS", "AUTH_SSO_MOBILE_REDIRECT", "AUTH_SSO_TIMEOUT",
	} {
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v does not say %s", err, words)
		}
	}
}

// TestWhatOfAProviderDiffers is told apart: a server takes secrets while it runs.
func TestWhatOfAProviderDiffers(t *testing.T) {
	was := config.SSO{Providers: []config.SSOProvider{{Name: "work-id", Issuer: "https://a.example", ClientSecret: "1", Label: "W"}, {Name: "gone"}}}
	now := config.SSO{Providers: []config.SSOProvider{{Name: "new", ClientSecret: "3"}, {Name: "work-id", Issuer: "https://b.example", ClientSecret: "2", Label: "V"}}}
	secrets, others := was.Differs(now)
	if !slices.Equal(secrets, []string{"AUTH_SSO_WORK_ID_CLIENT_SECRET"}) || !slices.Equal(others, []string{"AUTH_SSO_WORK_ID_ISSUER", "AUTH_SSO_WORK_ID_LABEL"}) {
		t.Errorf("%v, %v", secrets, others)
	}
	if secrets, others := was.Differs(was); len(secrets)+len(others) > 0 {
		t.Errorf("%v, %v", secrets, others)
	}
}
