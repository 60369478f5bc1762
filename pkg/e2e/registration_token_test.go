package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// TestInitialAccessTokens let their holders register where registration is not open.
func TestInitialAccessTokens(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_REGISTRATION": "token", "AUTH_THROTTLE_REGISTRATION": "off"}}, func(w *world) {
		create := func(args ...string) (token struct{ ID, Token string }) {
			out, err := w.CLI(w.t.Context(), append(append([]string{"registration-token", "create"}, args...), "--json")...)
			if err == nil {
				err = json.Unmarshal(out, &token)
			}
			if err != nil {
				w.t.Fatal(err)
			}
			return token
		}
		once, revoked := create("--uses", "1", "--note", "for the printer"), create()
		if _, err := w.CLI(w.t.Context(), "registration-token", "revoke", revoked.ID); err != nil {
			w.t.Fatal(err)
		}
		for what, token := range map[string]string{"none": "", "revoked": revoked.Token, "malformed": "x", "unknown": secret.New(secret.RegistrationToken).Reveal()} {
			answer := w.register(native(nil), token)
			if answer.Status != http.StatusUnauthorized || !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Bearer") {
				w.t.Errorf("%s: %s", what, answer)
			}
		}
		wantError(w.t, w.register("{}", once.Token), http.StatusBadRequest, "invalid_redirect_uri") // spends nothing
		made := w.register(native(nil), once.Token)
		if made.Status != http.StatusCreated || made.Text("registration_access_token") == "" {
			w.t.Errorf("%s", made)
		}
		wantStatus(w.t, w.register(native(nil), once.Token), http.StatusUnauthorized)
		out, err := w.CLI(w.t.Context(), "registration-token", "list", "--json")
		if err != nil || strings.Contains(string(out), once.Token) || !strings.Contains(string(out), `"state": "used"`) || !strings.Contains(string(out), `"state": "revoked"`) {
			w.t.Errorf("%s, %v", out, err)
		}
		if strings.Contains(w.Logs(), once.Token) || strings.Contains(w.Logs(), made.Text("registration_access_token")) {
			w.t.Error("a token is in the log")
		}
	})
}

// TestRegistrationsAreThrottled per address.
func TestRegistrationsAreThrottled(t *testing.T) {
	t.Parallel()
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: process.Env{"AUTH_REGISTRATION": "open", "AUTH_THROTTLE_REGISTRATION": "3/1h"}})
	for range 3 {
		wantStatus(t, w.register(native(nil), ""), http.StatusCreated)
	}
	answer := w.register(native(nil), "")
	if answer.Status != http.StatusTooManyRequests || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%s %v", answer, answer.Header)
	}
}

// TestLocalhostMatchesAnyPort for public clients that introduced themselves, and for
// others behind a switch.
func TestLocalhostMatchesAnyPort(t *testing.T) {
	registers(t, func(w *world) {
		const registered, asked = "http://localhost:3000/callback", "http://localhost:41234/callback"
		made := w.register(native(members{"redirect_uris": []string{registered}}), "")
		plain, switched := w.client(registered, "--public"), w.client(registered, "--public", "--localhost-ports")
		p := w.person()
		for what, c := range map[string]struct {
			id   string
			want bool
		}{"introduced itself": {made.Text("client_id"), true}, "registered": {plain.Client.ID, false}, "switched on": {switched.Client.ID, true}} {
			app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: c.id}, RedirectURI: asked}
			page, err := p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
			if err != nil || (page.Status == http.StatusOK) != c.want {
				w.t.Errorf("%s: %d %v", what, page.Status, err)
			}
			if c.want {
				pair := w.tokensOf(p, app, "read")
				wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
			}
			for _, other := range []string{"http://localhost:1/other", "https://localhost:3000/callback", "http://127.0.0.1:3000/callback", "http://localhost.evil.example:3000/callback", "http://u@localhost:3000/callback"} {
				app.RedirectURI = other
				if page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil)); page.Status != http.StatusBadRequest {
					w.t.Errorf("%s: %s is answered %d", what, other, page.Status)
				}
			}
		}
	})
}

// TestNobodyIsHeldToTheScopeOfASharedRegistration: assistants register with the scope
// of the first challenge, and have no token to change that when a tool needs more. Who
// can change it is held to it.
func TestNobodyIsHeldToTheScopeOfASharedRegistration(t *testing.T) {
	registers(t, func(w *world) {
		made := w.register(native(members{"scope": "read"}), "")
		app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: made.Text("client_id")}, RedirectURI: loopbackCallback, HTTP: w.described()}
		if pair := w.tokens(app, "read_write"); made.Text("scope") != "read read_write" || pair.Scope != "read_write" {
			w.t.Errorf("%s, then tokens for %q", made, pair.Scope)
		}
		managed := w.register(members{"scope": "read", "redirect_uris": []string{webCallback}}, "")
		app = &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: managed.Text("client_id")}, RedirectURI: webCallback}
		page, err := w.person().Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read_write", "the-state", nil))
		if err != nil || managed.Text("scope") != "read" {
			w.t.Fatalf("%v %s", err, managed)
		}
		wantErrorRedirect(w.t, w, page, "invalid_scope", "more than was registered")
	})
}

// TestE5_RegistrationNamesWhatIsMisspelt where it cannot be done without.
func TestE5_RegistrationNamesWhatIsMisspelt(t *testing.T) {
	registers(t, func(w *world) {
		for _, c := range []struct {
			metadata members
			says     string
		}{
			{members{"redirect_uri": []string{loopbackCallback}}, "redirect_uri is not known here: redirect_uris is."},
			{native(members{"redirect_uris": nil, "redirectUris": []string{loopbackCallback}}), "redirect_uris must name at least one"},
			{native(members{"grant_types": "authorization_code"}), "The member grant_types must be a list of strings."},
			{native(members{"client_name": true, "client_nam": "x"}), "client_nam is not known here: client_name is."},
		} {
			if answer := w.register(c.metadata, ""); answer.Status != http.StatusBadRequest || !strings.Contains(answer.Text("error_description"), c.says) {
				w.t.Errorf("%v: %s", c.metadata, answer)
			}
		}
	})
}
