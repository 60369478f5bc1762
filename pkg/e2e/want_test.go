package e2e

import (
	"testing"

	"latchkey/pkg/testenv/actor"
)

// wantError checks an OAuth or API error.
func wantError(t *testing.T, answer *actor.Answer, status int, code string) {
	t.Helper()
	if answer.Status != status || answer.Text("error") != code {
		t.Errorf("got %s, want %d %s", answer, status, code)
	}
}

func wantStatus(t *testing.T, answer *actor.Answer, status int) {
	t.Helper()
	if answer.Status != status {
		t.Errorf("got %s, want %d", answer, status)
	}
}
