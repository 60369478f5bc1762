//go:build browser

package e2e

import (
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// TestBrowserFollowsADeletion: while the resource API is away the page says so, and by
// itself that it is done; without scripts by its link.
func TestBrowserFollowsADeletion(t *testing.T) {
	t.Parallel()
	chromium(t)
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: process.Env{"AUTH_ERASURE_GRACE": "0s"}})
	w.person() // who looks after the instance
	var tabs []*tab
	for _, b := range []*tab{openTab(t), openTab(t).withoutScripts()} {
		p := w.person()
		b.signInAs(w, p, "/settings/delete", "/settings/delete")
		tabs = append(tabs, b)
		if len(tabs) == 2 {
			w.API().Kill()
		}
		b.typeIn("input[name=password]", p.Password)
	}
	for _, b := range tabs {
		b.press("main form button[type=submit]")
		b.arrive("/deletion")
		b.says("Your account was deleted")
	}
	if _, err := ask[bool](tabs[0], `window.same = true`); err != nil {
		t.Fatal(err)
	}
	tabs[0].until(`document.querySelector("#deletion").textContent.includes("Trying again")`)
	tabs[0].picture("deletion-failing")
	w.APIs = nil
	if err := w.AddAPI(t.Context()); err != nil {
		t.Fatal(err)
	}
	tabs[0].until(`document.querySelector("#deletion").textContent.includes("3 of 3 steps are done") && window.same`)
	tabs[0].picture("deletion-done")
	testenv.Eventually(t, time.Minute, "the link shows it too", func() bool {
		tabs[1].press(`main a[href^="/deletion?token="]`)
		tabs[1].until(`document.readyState === "complete" && document.querySelector("#deletion") !== null`)
		done, err := ask[bool](tabs[1], `document.querySelector("#deletion").textContent.includes("3 of 3 steps are done")`)
		return err == nil && done
	})
}
