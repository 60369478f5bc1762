package main

import (
	"path/filepath"
	"testing"

	"latchkey/pkg/testenv/described"
)

// TestEveryRouteHasALineInTheDocument builds the service with everything that it can
// have, and holds its routes against docs/http.md.
func TestEveryRouteHasALineInTheDocument(t *testing.T) {
	for name, value := range map[string]string{
		"AUTH_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "auth.db"), "AUTH_ISSUER": "http://localhost:8080",
		"AUTH_SSO_PROVIDERS": "work", "AUTH_SSO_WORK_ISSUER": "http://127.0.0.1:9", "AUTH_SSO_WORK_CLIENT_ID": "x", "AUTH_SSO_WORK_CLIENT_SECRET": "x",
		"AUTH_ENCRYPTION_KEY": "1111111111111111111111111111111111111111111111111111111111111111",
	} {
		t.Setenv(name, value)
	}
	p, err := assemble(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	people, err := p.people()
	if err != nil {
		t.Fatal(err)
	}
	router, _, _, err := p.router(people)
	if err != nil {
		t.Fatal(err)
	}
	described.EveryRouteHasALine(t, router, "../../../docs/http.md", "authserver")
}
