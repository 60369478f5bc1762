package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/e2e/stack/production"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

const (
	loopbackCallback = "http://127.0.0.1:4711/callback"
	webCallback      = "https://app.example.com/callback"
)

// world is a running stack and the test that looks at it.
type world struct {
	*stack.Stack
	t      *testing.T
	office *testenv.PostOffice // nil: nobody looks at emails
}

// startWorld launches a stack that ends with the test, on engines of set where
// setup names none. A test that fails prints the services' logs.
func startWorld(t *testing.T, set testenv.Set, setup stack.Setup) *world {
	t.Helper()
	set.Need(t)
	if setup.AuthDB == "" && setup.Dir == "" {
		setup.AuthDB = authSchema.Database(t, set)
	}
	if setup.APIDB == "" && setup.Dir == "" {
		setup.APIDB = apiSchema.Database(t, set)
	}
	if set == testenv.Production {
		release, err := production.Lease(t.Context(), &setup)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := release(); err != nil {
				t.Error(err)
			}
		})
	}
	setup.AuthEnv, setup.APIEnv = unthrottled.With(setup.AuthEnv), modest.With(setup.APIEnv)
	s, err := stack.Launch(t.Context(), setup)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { endWorld(t, s) })
	return &world{Stack: s, t: t}
}

func endWorld(t *testing.T, s *stack.Stack) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, p := range append([]*process.Process{s.Auth}, s.APIs...) {
		if t.Failed() {
			t.Logf("log of %s:\n%s", p.Name, tail(p.Log()))
		}
		if stack.RaceEnabled && strings.Contains(p.Log(), "WARNING: DATA RACE") {
			t.Errorf("%s has a data race:\n%s", p.Name, p.Log())
		}
	}
}

func tail(log string) string {
	const enough = 8000
	if len(log) > enough {
		return "…" + log[len(log)-enough:]
	}
	return log
}

// client registers a client; args as `client create` takes them.
func (w *world) client(callback string, args ...string) *actor.App {
	w.t.Helper()
	args = append([]string{"--name", "Test app", "--redirect-uri", callback, "--scope", "read read_write"}, args...)
	c, err := w.NewClient(w.t.Context(), args...)
	if err != nil {
		w.t.Fatal(err)
	}
	return &actor.App{Issuer: w.Auth.URL, Client: c, RedirectURI: callback, HTTP: w.described()}
}

// public registers a public client on a loopback callback.
func (w *world) public() *actor.App { return w.client(loopbackCallback, "--public") }

// confidential registers a client with a secret.
func (w *world) confidential() *actor.App { return w.client(webCallback, "--confidential") }

// resourceServer returns the resource server the stack's resourceapi is.
func (w *world) resourceServer() *actor.App {
	return &actor.App{Issuer: w.Auth.URL, Client: w.ResourceServer, HTTP: w.described()}
}

// person signs somebody up.
func (w *world) person() *actor.Person {
	w.t.Helper()
	p := actor.NewPerson(w.Auth.URL)
	if _, err := p.SignUp(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// tokens lets a new person allow app the scope.
func (w *world) tokens(app *actor.App, scope string) Pair {
	w.t.Helper()
	return w.tokensOf(w.person(), app, scope)
}

func (w *world) tokensOf(p *actor.Person, app *actor.App, scope string) Pair {
	w.t.Helper()
	pair, err := Authorize(w.t.Context(), app, p, scope)
	if err != nil {
		w.t.Fatal(err)
	}
	return pair
}

// code lets person allow app the scope and returns the code, not yet redeemed.
func (w *world) code(p *actor.Person, app *actor.App, scope string) (string, actor.PKCE) {
	w.t.Helper()
	pkce := actor.NewPKCE()
	callback, err := p.Decide(w.t.Context(), app.AuthorizeURL(pkce, scope, "s", nil), actor.Allow)
	if err != nil {
		w.t.Fatal(err)
	}
	code, err := codeOf(callback)
	if err != nil {
		w.t.Fatal(err)
	}
	return code, pkce
}

// token posts to the token endpoint as app.
func (w *world) token(app *actor.App, form url.Values) *actor.Answer {
	w.t.Helper()
	return w.form(app, "/oauth/token", form)
}

func (w *world) form(app *actor.App, path string, form url.Values) *actor.Answer {
	w.t.Helper()
	answer, err := app.Form(w.t.Context(), path, form)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer
}

func (w *world) exchange(app *actor.App, code, verifier string) *actor.Answer {
	w.t.Helper()
	return w.token(app, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {app.RedirectURI}, "code_verifier": {verifier},
	})
}

func (w *world) refresh(app *actor.App, token string) *actor.Answer {
	w.t.Helper()
	return w.token(app, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// refreshed refreshes and wants a pair.
func (w *world) refreshed(app *actor.App, token string) Pair {
	w.t.Helper()
	pair, err := pairOf(w.refresh(app, token))
	if err != nil {
		w.t.Fatal(err)
	}
	return pair
}

// active asks the authorization server itself, past every cache.
func (w *world) active(token string) bool {
	w.t.Helper()
	answer := w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {token}})
	if answer.Status != http.StatusOK {
		w.t.Fatalf("introspection answered %s", answer)
	}
	active, ok := answer.JSON("active").(bool)
	if !ok {
		w.t.Fatalf("introspection said nothing: %s", answer)
	}
	return active
}

// call asks the resource API; a nil body sends none.
func (w *world) call(method, path, token string, body any) *actor.Answer {
	w.t.Helper()
	app := &actor.App{}
	answer, err := app.Call(w.t.Context(), method, w.API().URL+path, token, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer
}

// send sends a request made by hand.
func (w *world) send(method, target string, header http.Header, body string) *actor.Answer {
	w.t.Helper()
	answer, err := sendTo(w.t.Context(), method, target, header, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer
}

// browse opens a page in a browser nobody has signed in with.
func (w *world) browse(target string) *actor.Page {
	w.t.Helper()
	page, err := actor.NewBrowser(w.Auth.URL).Get(w.t.Context(), target)
	if err != nil {
		w.t.Fatal(err)
	}
	return page
}
