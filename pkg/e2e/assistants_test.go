package e2e

import (
	"fmt"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// introducing runs fn where clients may register themselves and where v has documents
// that describe some.
func introducing(t *testing.T, fn func(w *world, v *vendor)) {
	t.Helper()
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		v := newVendor(t)
		fn(startWorld(t, set, stack.Setup{AuthEnv: v.trust.With(process.Env{"AUTH_REGISTRATION": "open"})}), v)
	})
}

// TestPublishedAssistant lets the SDK of the Model Context Protocol find everything
// out from the address of the resource, and ask for more when a tool needs it: as a
// client that is registered, one that has a document, and one that registers itself.
func TestPublishedAssistant(t *testing.T) {
	introducing(t, func(w *world, v *vendor) {
		unknown := &actor.App{RedirectURI: "http://localhost:49153/cb"}
		document := "CLIENT_DOCUMENT=" + v.URL + "/client.json"
		for how, c := range map[string]published{
			"made by the operator": {w: w, program: node(w.t), args: []string{"mcp.mjs"}, app: w.public()},
			"by its document":      {w: w, program: node(w.t), args: []string{"mcp.mjs"}, app: unknown, env: []string{document}},
			"by registration":      {w: w, program: node(w.t), args: []string{"mcp.mjs"}, app: unknown},
		} {
			said := c.run(w.t)
			scopes := fmt.Sprint(said["scopes"])
			if said["accounts"] != 1.0 || said["tag"] != "By an assistant" || !strings.HasPrefix(scopes, "[read ") || !strings.Contains(scopes, "read_write") {
				w.t.Errorf("%s: %v", how, said)
			}
			if client, _ := said["client"].(string); (client == v.URL+"/client.json") != (how == "by its document") {
				w.t.Errorf("%s: it is %s", how, client)
			}
		}
	})
}

// TestPublishedDesktop runs mcp-remote, through which programs on a desktop reach a
// remote server: as a client that registers itself, as one that has a document, and
// without a browser.
func TestPublishedDesktop(t *testing.T) {
	introducing(t, func(w *world, v *vendor) {
		for how, args := range map[string][]string{
			"by registration":   nil,
			"by its document":   {"--client-metadata-url", v.URL + "/client.json", "--callback-path", "/cb"},
			"without a browser": {"--device-code"},
		} {
			said := published{w: w, program: node(w.t), args: append([]string{"mcp-remote.mjs"}, args...), app: &actor.App{}}.run(w.t)
			if said["accounts"] != 1.0 || said["tools"] == 0.0 {
				w.t.Errorf("%s: %v", how, said)
			}
		}
	})
}
