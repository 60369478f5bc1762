package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// unsampled are routes whose samples want what no test world has: a provider of sign-ins.
var unsampled = []string{"exchangeSSO", "linkSSO", "createAccountSSO"}

// awkward ends passwords: what shells, JSON and forms read as something else.
const awkward = " \"\\'$HOME`id`%41+&=#\\\"€"

// TestDocsSamplesWork copies every sample from its page and runs it as it is: what it
// reads from the environment is real, and the answer is a success. What a sample does is
// the same on every engine.
func TestDocsSamplesWork(t *testing.T) {
	t.Parallel()
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: process.Env{"AUTH_REGISTRATION": "open", "AUTH_AI_AVAILABLE": "true"}})
	for language, run := range map[string][]string{
		"curl": {bash(t), "-c"}, "Python": {python(t), "-c"}, "JavaScript": {node(t), "--input-type=module", "-e"},
	} {
		t.Run(language, func(t *testing.T) {
			s := &sampler{world: &world{Stack: w.Stack, t: t}, language: language, run: run, dir: t.TempDir()}
			if err := os.WriteFile(filepath.Join(s.dir, "merchants.csv"), []byte("name,color\nCorner shop,#2b8177\nBakery,#3f5fa8\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			s.api()
			s.authserver()
		})
	}
}

// sampler runs the samples of one language.
type sampler struct {
	*world
	language string
	run      []string
	dir      string
}

// try runs the sample of a route and returns what it printed.
func (s *sampler) try(d *docs, id string, env map[string]string) string {
	s.t.Helper()
	program := d.samples(id)[s.language]
	if program == "" {
		s.t.Errorf("%s has no sample in %s", id, s.language)
		return ""
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.run[0], append(slices.Clone(s.run[1:]), program)...) //nolint:gosec // our own pages
	cmd.Dir, cmd.Env = s.dir, []string{"PATH=" + os.Getenv("PATH")}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		cmd.Env = append(cmd.Env, name+"="+env[name])
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Errorf("%s in %s: %v\n%s\n%s", id, s.language, err, program, out)
	}
	return string(out)
}

// api tries the routes of the resource API, each in a household with one of everything.
func (s *sampler) api() {
	s.t.Helper()
	d, k := s.docsOf(s.API().URL, "/docs"), s.keeper()
	d.w = s.world
	k.world = s.world
	env := map[string]string{"TOKEN": k.token}
	s.try(d, "importMerchants", env)
	for _, r := range slices.DeleteFunc(d.routes, func(r docsRoute) bool { return r.ID == "startReset" || r.ID == "importMerchants" }) {
		k.household(env)
		s.try(d, r.ID, env)
	}
	s.try(d, "startReset", env)
}

// household makes one of everything, and notes the ids as samples read them.
func (k *keeper) household(env map[string]string) {
	k.t.Helper()
	id := func(path string, body members) string {
		answer := k.call(http.MethodPost, "/api/v1"+path, k.token, body)
		if answer.Text("id") == "" {
			k.t.Fatalf("%s: %s", path, answer)
		}
		return answer.Text("id")
	}
	for _, one := range idsOf(k, "/tags") {
		k.call(http.MethodDelete, "/api/v1/tags/"+one, k.token, nil)
	}
	account := id("/accounts", members{"account": members{"name": "Everyday", "account_type": "depository", "balance": "100"}})
	env["ACCOUNT_ID"], env["TAG_ID"] = account, id("/tags", members{"tag": members{"name": rand.Text()}})
	env["CATEGORY_ID"] = id("/categories", members{"category": members{"name": rand.Text()}})
	env["TRANSACTION_ID"] = id("/transactions", members{"transaction": members{"account_id": account, "date": "2026-03-01", "amount": "3", "name": "Bread"}})
	env["VALUATION_ID"] = id("/valuations", members{"valuation": members{"account_id": account, "date": "2026-03-10", "amount": "90"}})
	env["SYNC_ID"] = id("/sync", nil)
	for _, one := range idsOf(k, "/merchants") {
		env["MERCHANT_ID"] = one
	}
}

// idsOf are the ids of a list that has no pages.
func idsOf(k *keeper, path string) []string {
	k.t.Helper()
	var all []struct{ ID string }
	if err := want(k.call(http.MethodGet, "/api/v1"+path, k.token, nil), http.StatusOK, &all); err != nil {
		k.t.Fatal(err)
	}
	ids := make([]string, 0, len(all))
	for _, one := range all {
		ids = append(ids, one.ID)
	}
	return ids
}

// authserver tries the routes of the authorization server, each with somebody new.
func (s *sampler) authserver() {
	s.t.Helper()
	d := s.docsOf(s.Auth.URL, "/docs/auth")
	for _, r := range d.routes {
		if r.Browser || slices.Contains(unsampled, r.ID) {
			continue
		}
		out := s.try(d, r.ID, s.somebody(r))
		if r.ID == "authorize" && !strings.Contains(out, "/signin") {
			s.t.Errorf("%s in %s leads to %s", r.ID, s.language, out)
		}
	}
}

// somebody is who calls the route, as its sample reads it.
func (s *sampler) somebody(r docsRoute) map[string]string {
	s.t.Helper()
	p := actor.NewPerson(s.Auth.URL)
	p.Password += awkward
	if _, err := p.SignUp(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	k := s.keeperOf(p)
	app, pkce := s.confidential(), actor.NewPKCE()
	env := map[string]string{
		"TOKEN": k.token, "EMAIL": k.person.Email, "PASSWORD": k.person.Password, "STATE": "s", "REDIRECT_URI": app.RedirectURI,
		"CLIENT_ID": app.Client.ID, "CLIENT_SECRET": app.Client.Secret, "CODE_CHALLENGE": pkce.Challenge,
	}
	switch {
	case r.ID == "signUp":
		env["EMAIL"] = actor.NewPerson(s.Auth.URL).Email
	case r.ID == "token":
		env["CODE"], pkce = s.code(k.person, app, "read")
		env["CODE_VERIFIER"] = pkce.Verifier
	case r.ID == "refresh":
		own, err := pairOf(s.login(k.person, "tablet"))
		if err != nil {
			s.t.Fatal(err)
		}
		env["REFRESH_TOKEN"] = own.Refresh
	case r.ID == "revoke":
		env["REFRESH_TOKEN"] = s.tokensOf(k.person, app, "read").Refresh
	case r.ID == "introspect":
		env["CLIENT_ID"], env["CLIENT_SECRET"] = s.ResourceServer.ID, s.ResourceServer.Secret
	case r.ID == "deviceAuthorization":
		app = s.client(webCallback, "--confidential", "--device")
		env["CLIENT_ID"], env["CLIENT_SECRET"] = app.Client.ID, app.Client.Secret
	case strings.HasPrefix(r.Path, "/oauth/register/"):
		s.registered(env)
	case strings.HasPrefix(r.Path, apiKeys+"/"):
		env["API_KEY_ID"] = k.newKey("Old", "read", "monitoring", nil).ID
	case r.ID == "revokeDevice":
		env["DEVICE_ID"] = s.otherDevice(k)
	}
	return env
}

// registered registers a client that is managed by its token.
func (s *sampler) registered(env map[string]string) {
	s.t.Helper()
	body, err := json.Marshal(members{"client_name": "Charts", "redirect_uris": []string{webCallback}, "token_endpoint_auth_method": "client_secret_basic"})
	if err != nil {
		s.t.Fatal(err)
	}
	made := s.send(http.MethodPost, s.Auth.URL+"/oauth/register", http.Header{"Content-Type": {"application/json"}}, string(body))
	env["CLIENT_ID"], env["REGISTRATION_TOKEN"] = made.Text("client_id"), made.Text("registration_access_token")
	if env["REGISTRATION_TOKEN"] == "" {
		s.t.Fatalf("registration: %s", made)
	}
}

// otherDevice signs k in on a second device.
func (s *sampler) otherDevice(k *keeper) string {
	s.t.Helper()
	s.login(k.person, "tablet")
	var all struct {
		Devices []struct {
			ID      string
			Current bool
		}
	}
	if err := want(k.manage(http.MethodGet, "/api/v1/devices", nil), http.StatusOK, &all); err != nil {
		s.t.Fatal(err)
	}
	for _, one := range all.Devices {
		if !one.Current {
			return one.ID
		}
	}
	s.t.Fatal("there is no other device")
	return ""
}
