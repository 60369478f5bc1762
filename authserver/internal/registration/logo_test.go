package registration_test

import (
	"encoding/json"
	"strings"
	"testing"

	"latchkey/authserver/internal/registration"
)

// TestLogoAddresses: one that would not be fetched is left out, and the client
// connects all the same.
func TestLogoAddresses(t *testing.T) {
	for address, kept := range map[string]bool{
		"https://app.example/logo.png": true, "https://app.example:8443/l?a=b": true,
		"http://app.example/logo.png": false, "data:image/png;base64,AAAA": false, "javascript:alert(1)": false, "https://u:p@app.example/x": false,
		"https://app.example/x#y": false, "https:///x": false, "/logo.png": false, "https://app.example/é": false, "https://app.example/ x": false,
		"https://app.example/" + strings.Repeat("x", 2048): false, "": false, "%": false, "file:///etc/passwd": false,
	} {
		raw, err := json.Marshal(map[string]any{"redirect_uris": []string{"https://app.example/cb"}, "logo_uri": address})
		if err != nil {
			t.Fatal(err)
		}
		m, err := registration.ParseMetadata(raw)
		if err != nil {
			t.Fatal(err)
		}
		c, err := m.Client(nil)
		if err != nil || (c.LogoURI == address) != (kept || address == "") || !kept && c.LogoURI != "" {
			t.Errorf("%s: kept %q, %v", address, c.LogoURI, err)
		}
	}
	m, err := registration.ParseMetadata([]byte(`{"redirect_uris":["https://app.example/cb"],"logo_uri":7}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Client(nil); err == nil || !strings.Contains(err.Error(), "logo_uri must be a string") {
		t.Errorf("a number: %v", err)
	}
}
