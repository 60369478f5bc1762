package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

// explain asks the command line, and wants no secret in what it prints.
func (w *world) explain(stdin string, args ...string) (said map[string]any, text string) {
	w.t.Helper()
	out, err := w.FeedCLI(w.t.Context(), stdin, append([]string{"explain", "--json"}, args...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	plain, err := w.FeedCLI(w.t.Context(), stdin, append([]string{"explain"}, args...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, printed := range []string{string(out), string(plain)} {
		if secret.Redact(printed) != printed || stdin != "" && len(stdin) > 20 && strings.Contains(printed, stdin) {
			w.t.Errorf("a secret is printed: %s", printed)
		}
	}
	if err := json.Unmarshal(out, &said); err != nil {
		w.t.Fatalf("%v: %s", err, out)
	}
	return said, string(plain)
}

// TestD11_ATokenIsExplained by the rule that decides about it, and is not used by that.
func TestD11_ATokenIsExplained(t *testing.T) {
	eachWorld(t, func(w *world) {
		p, app := w.person(), w.public()
		spent := w.tokensOf(p, app, "read")
		pair := w.refreshed(app, spent.Refresh)
		want := func(token string, active bool, rule string) {
			w.t.Helper()
			said, text := w.explain(token)
			if said["active"] != active || !strings.HasPrefix(said["rule"].(string), rule) || !strings.Contains(text, rule) {
				w.t.Errorf("want %s: %v\n%s", rule, said, text)
			}
			if len(token) > 20 && said["credential"] != "nothing of ours" && !strings.HasSuffix(said["credential"].(string), "…"+token[len(token)-4:]) {
				w.t.Errorf("%v", said["credential"])
			}
		}
		want(pair.Access, true, "good")
		want(pair.Refresh, true, "good")
		want(spent.Access, false, "replaced by a refresh")
		want(spent.Refresh, false, "spent")
		want(secret.New(secret.AccessToken).Reveal(), false, "unknown")
		want(secret.New(secret.APIKey).Reveal(), false, "unknown")
		want(secret.New(secret.ClientSecret).Reveal(), false, "it is not for APIs")
		want(pair.Access[:30], false, "malformed")
		want("", false, "malformed")
		pair = w.refreshed(app, spent.Refresh) // nobody has used the pair: an explanation is no use
		said, _ := w.explain(pair.Access)
		if said["client_id"] != app.Client.ID || said["grant_id"] == nil || said["user_id"] == nil || said["scope"] != "read" || said["expires_at"] == nil || said["now"] == nil {
			w.t.Errorf("%v", said)
		}
		wantStatus(w.t, w.form(app, "/oauth/revoke", url.Values{"token": {pair.Access}}), http.StatusOK)
		want(pair.Access, false, "ended: revoked")
		if _, err := w.CLI(w.t.Context(), "explain", pair.Access); err == nil || !strings.Contains(err.Error(), "standard input") {
			w.t.Errorf("a credential on the command line: %v", err)
		}
	})
}

// TestD11_ARequestIsExplained from the logs of both services and from the events.
func TestD11_ARequestIsExplained(t *testing.T) {
	eachWorld(t, func(w *world) {
		unknown := secret.New(secret.AccessToken)
		refused := w.send(http.MethodGet, w.API().URL+accounts, bearer(unknown.Reveal()), "")
		wantStatus(w.t, refused, http.StatusUnauthorized)
		id := refused.Header.Get("X-Request-Id")
		testenv.Eventually(w.t, pollEvery*100, "both logs have the request", func() bool {
			return strings.Contains(w.Auth.Log(), id) && strings.Contains(w.API().Log(), id)
		})
		dir := w.t.TempDir()
		logs := make([]string, 0, 4)
		for name, text := range map[string]string{"authserver.log": w.Auth.Log(), "resourceapi.log": w.API().Log()} {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(text+"no JSON, but "+id+"\n"), 0o600); err != nil {
				w.t.Fatal(err)
			}
			logs = append(logs, "--log", path)
		}
		said, text := w.explain("", append([]string{id}, logs...)...)
		decision := `refused with 401 by the rule "inactive"; presented was oat_…` + unknown.LastFour() +
			", and authserver was asked about it for this request, which said that it is unknown"
		if said["decision"] != decision || !strings.Contains(text, decision) || len(said["lines"].([]any)) < 2 {
			w.t.Errorf("%v\n%s", said, text)
		}
		said, _ = w.explain(w.API().Log(), id, "--log", "-")
		if !strings.HasPrefix(said["decision"].(string), `refused with 401 by the rule "inactive"`) {
			w.t.Errorf("from standard input: %v", said)
		}
		steering := `{"msg":"request","request_id":"` + id + `","status":400,"error":"\u001b[2J\u001b]0;gone\u0007"}`
		if _, text = w.explain(steering, id, "--log", "-"); strings.ContainsAny(text, "\x1b\x07") || !strings.Contains(text, "?[2J") {
			w.t.Errorf("bytes that steer a terminal: %q", text)
		}
		if _, err := w.CLI(w.t.Context(), "explain", "no-such-request"); err == nil || !strings.Contains(err.Error(), "--log") {
			w.t.Errorf("an unknown request: %v", err)
		}
		w.person() // whose sign-up is an event
		out, err := w.CLI(w.t.Context(), "events", "list", "--limit", "1", "--json")
		if err != nil {
			w.t.Fatal(err)
		}
		var events []map[string]any
		if err := json.Unmarshal(out, &events); err != nil || len(events) != 1 {
			w.t.Fatalf("%v %s", err, out)
		}
		if request, _ := events[0]["request_id"].(string); request != "" {
			if said, _ = w.explain("", request); len(said["lines"].([]any)) == 0 {
				w.t.Errorf("the events of a request: %v", said)
			}
		}
	})
}
