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

func (w *world) wantActive(token string, active bool, what string) {
	w.t.Helper()
	if got := w.active(token); got != active {
		w.t.Errorf("%s: active is %v, want %v", what, got, active)
	}
}
