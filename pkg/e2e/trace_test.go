package e2e

import (
	"net/http"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

const (
	someTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	someParent = "00-" + someTrace + "-00f067aa0ba902b7-01"
)

// TestD13_OneRequestIDThroughBoth follows a call of the resource API to the
// introspection it takes, a report of uses and an erasure to their ends.
func TestD13_OneRequestIDThroughBoth(t *testing.T) {
	ownWorld(t, stack.Setup{
		APIEnv:  process.Env{"API_TRUSTED_PROXIES": "127.0.0.0/8", "API_KEY_USE_INTERVAL": "100ms"},
		AuthEnv: process.Env{"AUTH_ERASURE_GRACE": "0s"},
	}, func(w *world) {
		p := w.person()
		pair, err := pairOf(w.login(p, "phone"))
		if err != nil {
			w.t.Fatal(err)
		}
		header := bearer(pair.Access)
		header.Set("X-Request-Id", "from-the-proxy.1")
		header.Set("Traceparent", someParent)
		answer := w.send(http.MethodGet, w.API().URL+accounts, header, "")
		wantStatus(w.t, answer, http.StatusOK)
		same := map[string]any{"msg": "request", "request_id": "from-the-proxy.1", "trace_id": someTrace}
		if line := w.logged(w.API(), same); line["route"] != accounts {
			w.t.Errorf("%v", line)
		}
		if line := w.logged(w.Auth, same); line["route"] != "/oauth/introspect" || line["client_id"] != w.ResourceServer.ID {
			w.t.Errorf("%v", line)
		}
		// authserver has no proxy: what strangers send it is not taken, not even with a
		// wrong secret of the resource server.
		header = formHeader()
		header.Set("X-Request-Id", "forged")
		header.Set("Traceparent", someParent)
		line := w.lineOf(w.Auth, w.send(http.MethodPost, w.Auth.URL+"/oauth/introspect", header, "token=x&client_id="+w.ResourceServer.ID+"&client_secret=wrong"))
		if line["request_id"] == "forged" || line["trace_id"] != nil || line["status"] != 401.0 {
			w.t.Errorf("%v", line)
		}

		k := w.keeper()
		key := k.newKey("Reader", "read", "web", nil)
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, key.Key, nil), http.StatusOK)
		if line := w.logged(w.Auth, map[string]any{"msg": "request", "route": "/internal/key-uses", "status": 204.0}); line["trace_id"] == nil {
			w.t.Errorf("a report of uses belongs nowhere: %v", line)
		}

		answer, err = (&actor.App{}).Call(w.t.Context(), http.MethodDelete, w.Auth.URL+"/api/v1/users/me", pair.Access, nil)
		if err != nil || answer.Status != http.StatusOK {
			w.t.Fatalf("%v %v", answer, err)
		}
		sent := w.logged(w.Auth, map[string]any{"msg": "an outbox message was delivered"})
		w.logged(w.API(), map[string]any{"msg": "request", "route": "/internal/families/{id}", "request_id": sent["request_id"], "trace_id": sent["trace_id"]})
		if sent["request_id"] == nil || sent["trace_id"] == nil {
			w.t.Errorf("an erasure belongs nowhere: %v", sent)
		}

		// The lines of the audit trail say which request it was and where it came from.
		opened := w.logged(w.Auth, map[string]any{"event": "grant.opened"})
		if opened["request_id"] == nil || opened["client_addr"] != "127.0.0.1" {
			w.t.Errorf("%v", opened)
		}
	})
}
