package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"latchkey/pkg/testenv"
)

// RFC 6749 section 3.2: a parameter without a value is as if it were left out.
// Some libraries send an empty secret for a client that has none, in the body or
// by HTTP Basic.
func TestS21_AnEmptySecretIsNone(t *testing.T) {
	eachWorld(t, func(w *world) {
		public, confidential := w.public(), w.confidential()
		refresh := func(basic *url.Userinfo, more url.Values) *testenv.Answer {
			form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}
			for name, values := range more {
				form[name] = values
			}
			header := formHeader()
			if basic != nil {
				header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(basic.String())))
			}
			return w.send(http.MethodPost, w.Auth.URL+"/oauth/token", header, form.Encode())
		}
		empty := url.Values{"client_secret": {""}}
		named := func(id string) url.Values { return url.Values{"client_id": {id}, "client_secret": {""}} }
		known := map[string]*testenv.Answer{
			"public, in the body":                    refresh(nil, named(public.Client.ID)),
			"public, by Basic":                       refresh(url.UserPassword(public.Client.ID, ""), nil),
			"public, by Basic and in the body":       refresh(url.UserPassword(public.Client.ID, ""), named(public.Client.ID)),
			"confidential, Basic and an empty field": refresh(url.UserPassword(confidential.Client.ID, confidential.Client.Secret), empty),
		}
		for what, answer := range known {
			if answer.Status != http.StatusBadRequest || answer.Text("error") != "invalid_grant" {
				w.t.Errorf("%s: %s", what, answer)
			}
		}
		unknown := map[string]*testenv.Answer{
			"confidential, in the body": refresh(nil, named(confidential.Client.ID)),
			"confidential, by Basic":    refresh(url.UserPassword(confidential.Client.ID, ""), nil),
			"nobody":                    refresh(url.UserPassword("", ""), nil),
		}
		for what, answer := range unknown {
			if answer.Status != http.StatusUnauthorized || answer.Text("error") != "invalid_client" {
				w.t.Errorf("%s: %s", what, answer)
			}
		}
	})
}

// rememberingClients is a stack whose servers remember clients for longer than a
// test takes, so that what is remembered wrongly is seen.
var rememberingClients = testenv.Setup{AuthEnv: testenv.Env{"AUTH_CLIENT_CACHE": "1m"}}

func TestARotatedSecretWorksAtOnce(t *testing.T) {
	ownWorld(t, rememberingClients, func(w *world) {
		app := w.confidential()
		pair := w.tokens(app, "read")
		out, err := w.CLI(w.t.Context(), "client", "rotate-secret", app.Client.ID, "--overlap", "1h", "--json")
		if err != nil {
			w.t.Fatal(err)
		}
		rotated := *app
		if err := json.Unmarshal(out, &rotated.Client); err != nil || rotated.Client.Secret == app.Client.Secret {
			w.t.Fatalf("%v: %s", err, out)
		}
		pair = w.refreshed(&rotated, pair.Refresh)
		pair = w.refreshed(app, pair.Refresh) // inside the overlap

		if out, err = w.CLI(w.t.Context(), "client", "rotate-secret", app.Client.ID, "--json"); err != nil {
			w.t.Fatal(err)
		}
		last := *app
		if err := json.Unmarshal(out, &last.Client); err != nil {
			w.t.Fatal(err)
		}
		w.refreshed(&last, pair.Refresh)
		for _, old := range []*testenv.App{app, &rotated} {
			wantError(w.t, w.refresh(old, "x"), http.StatusUnauthorized, "invalid_client")
		}
	})
}
