package e2e

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/process"
)

// TestA8_WithoutErasureEverybodyIsTold runs an authorization server that cannot tell
// the resource API of deleted families.
func TestA8_WithoutErasureEverybodyIsTold(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_ERASURE_URL": "", "AUTH_ERASURE_SECRET": ""}}, func(w *world) {
		if !strings.Contains(w.Auth.Log(), "AUTH_ERASURE_URL is not set") {
			w.t.Error("start-up does not say so")
		}
		status, ready := w.ready()
		if status != http.StatusOK || !strings.Contains(ready, `"degraded"`) || !strings.Contains(ready, `"erasure":"unavailable"`) {
			w.t.Errorf("/readyz: %d %s", status, ready)
		}
		p := w.person()
		if text := w.page(p, "/settings/delete").Text(); !strings.Contains(text, "this server is not set up to erase it") {
			w.t.Errorf("the page: %s", text)
		}
	})
}

// Where it can tell, people are told so.
func TestA8_WithErasureEverybodyIsToldSo(t *testing.T) {
	eachWorld(t, func(w *world) {
		if _, ready := w.ready(); strings.Contains(ready, `"erasure":"unavailable"`) {
			w.t.Errorf("/readyz: %s", ready)
		}
		if text := w.page(w.person(), "/settings/delete").Text(); !strings.Contains(text, "everything your family has stored will then be erased") {
			w.t.Errorf("the page: %s", text)
		}
	})
}

func (w *world) ready() (status int, body string) {
	w.t.Helper()
	answer := w.send(http.MethodGet, w.Auth.Ops+"/readyz", nil, "")
	return answer.Status, string(answer.Body)
}
