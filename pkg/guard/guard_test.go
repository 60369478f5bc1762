package guard_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/pkg/fault"
	"latchkey/pkg/guard"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
)

func TestS40ErrorsFollowRFC6750(t *testing.T) {
	f := start(t, nil)
	ok, key := f.token(secret.AccessToken, good("read")), f.token(secret.APIKey, good("read"))
	with := func(change func(*introspection.Answer)) introspection.Answer {
		a := good("read")
		change(&a)
		return a
	}
	tests := []struct {
		name    string
		headers []string
		bare    bool // a challenge without an error
		message string
		lookups int32
	}{
		{"no credential", nil, true, "Access token or API key is invalid, expired, or missing", 0},
		{"unknown token", bearer(secret.New(secret.AccessToken).Reveal()), false, "Access token is invalid or expired", 1},
		{"unknown key", apiKey(secret.New(secret.APIKey).Reveal()), false, "Access token or API key is invalid, expired, or missing", 1},
		{"malformed token", bearer("oat_x"), false, "Access token is invalid or expired", 0},
		{"malformed key", apiKey("key_x"), false, "Access token or API key is invalid, expired, or missing", 0},
		{"refresh token", bearer(secret.New(secret.RefreshToken).Reveal()), false, "Access token is invalid or expired", 0},
		{"both", append(bearer(ok), apiKey(key)...), false, "Send either an Authorization header or an X-Api-Key header, not both", 0},
		{"key in Authorization", bearer(key), false, "Send API keys in the X-Api-Key header, not in Authorization", 0},
		{"deactivated", bearer(f.token(secret.AccessToken, introspection.Answer{Reason: introspection.ReasonDeactivated})), false, "Account has been deactivated", 1},
		{"deactivated, key", apiKey(f.token(secret.APIKey, introspection.Answer{Reason: introspection.ReasonDeactivated})), false, "Account has been deactivated", 1},
		{"expired", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.Exp = 1 }))), false, "Access token is invalid or expired", 1},
		{"no scope", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.Scope = "" }))), false, "Access token is invalid or expired", 1},
		{"unknown scope", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.Scope = "admin" }))), false, "Access token is invalid or expired", 1},
		{"no family", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.FamilyID = "" }))), false, "Access token is invalid - missing resource owner", 1},
		{"another audience", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.Aud = "https://other.test" }))), false, "Access token is invalid or expired", 1},
		{"a token that is really a key", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.CredentialKind = introspection.KindAPIKey }))), false, "Access token is invalid or expired", 1},
		{"outside its networks", apiKey(f.token(secret.APIKey, with(func(a *introspection.Answer) { a.AllowedCIDRs = []string{"203.0.113.0/24"} }))), false, "Access token or API key is invalid, expired, or missing", 1},
		{"networks that cannot be read", apiKey(f.token(secret.APIKey, with(func(a *introspection.Answer) { a.AllowedCIDRs = []string{"everywhere"} }))), false, "Access token or API key is invalid, expired, or missing", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := f.asked.Load()
			a := f.do(t, "GET", "/things", "", tt.headers...)
			if a.status != 401 || a.Error != "unauthorized" || a.Message != tt.message {
				t.Errorf("%d %s %q", a.status, a.Error, a.Message)
			}
			challenge := a.header["Www-Authenticate"]
			if len(challenge) != 1 || !strings.HasPrefix(challenge[0], "Bearer ") || !strings.Contains(challenge[0], `resource_metadata="`+metadata+`"`) {
				t.Errorf("challenge %q", challenge)
			}
			if tt.bare && challenge[0] != `Bearer scope="read", resource_metadata="`+metadata+`"` || !tt.bare && !strings.Contains(challenge[0], `error="invalid_token"`) {
				t.Errorf("challenge %q", challenge)
			}
			if got := f.asked.Load() - before; got != tt.lookups {
				t.Errorf("%d lookups, want %d", got, tt.lookups)
			}
			if a.header.Get("Cache-Control") != "no-store" {
				t.Error("the refusal can be cached")
			}
		})
	}
}

func TestGoodCredentialsGetIn(t *testing.T) {
	f := start(t, nil)
	bound, near := good("read_write"), good("read_write")
	bound.Aud = apiURL
	near.AllowedCIDRs = []string{"203.0.113.0/24", "127.0.0.0/8", "::1/128"}
	for name, headers := range map[string][]string{
		"token":                  bearer(f.token(secret.AccessToken, good("read"))),
		"token, lower case":      {"authorization", "bearer " + f.token(secret.AccessToken, good("read"))},
		"key":                    apiKey(f.token(secret.APIKey, good("read"))),
		"audience":               bearer(f.token(secret.AccessToken, bound)),
		"from inside its list":   apiKey(f.token(secret.APIKey, near)),
		"read_write satisfies":   bearer(f.token(secret.AccessToken, good("read_write"))),
		"both scopes":            bearer(f.token(secret.AccessToken, good("read read_write"))),
		"a blank second header":  append(apiKey(f.token(secret.APIKey, good("read"))), "Authorization", ""),
		"blanks around are fine": apiKey("  " + f.token(secret.APIKey, good("read")) + " "),
	} {
		if a := f.do(t, "GET", "/things", "", headers...); a.status != 200 {
			t.Errorf("%s: %d %s", name, a.status, a.Message)
		}
	}
}

func TestS41ReadCannotWrite(t *testing.T) {
	f := start(t, nil)
	for _, headers := range [][]string{
		bearer(f.token(secret.AccessToken, good("read"))), apiKey(f.token(secret.APIKey, good("read"))),
	} {
		for _, method := range []string{"POST", "PATCH", "DELETE"} {
			a := f.do(t, method, "/things", `{"a":1}`, headers...)
			if a.status != 403 || a.Error != "insufficient_scope" || a.Message != "This action requires the 'read_write' scope" {
				t.Errorf("%s: %d %s %q", method, a.status, a.Error, a.Message)
			}
			challenge := a.header.Get("WWW-Authenticate")
			if !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, `scope="read_write"`) {
				t.Errorf("challenge %q", challenge)
			}
		}
	}
	if f.read.Load() != 0 {
		t.Error("the body of a refused request was read")
	}
	if a := f.do(t, "POST", "/things", `{}`, bearer(f.token(secret.AccessToken, good("read_write")))...); a.status != 200 {
		t.Errorf("read_write: %d", a.status)
	}
}

func TestS39BearerOnlyInTheHeader(t *testing.T) {
	f := start(t, nil)
	token := f.token(secret.AccessToken, good("read_write"))
	key := f.token(secret.APIKey, good("read_write"))
	for _, a := range []answer{
		f.do(t, "GET", "/things?access_token="+token, ""),
		f.do(t, "GET", "/things?access_token="+token, "", bearer(token)...),
		f.do(t, "GET", "/things?api_key="+key, ""),
		f.do(t, "POST", "/things", "access_token="+token, "Content-Type", "application/x-www-form-urlencoded"),
		f.do(t, "GET", "/things", "", "X-Request-Id", token),
		f.do(t, "GET", "/things", "", "Cookie", "access_token="+token),
	} {
		if a.status != 401 {
			t.Errorf("%d %s", a.status, a.Message)
		}
	}
	for _, s := range []string{token, key} {
		if strings.Contains(f.log.String(), s) {
			t.Error("a credential is in the log")
		}
	}
	if f.asked.Load() != 0 {
		t.Error("a credential from the wrong place was looked up")
	}
}

func TestNobodyCanSayMeansTryAgain(t *testing.T) {
	f := start(t, nil)
	f.err = fault.New(fault.Unavailable, "The service is temporarily unavailable. Try again later.").WithRetryAfter(time.Second)
	a := f.do(t, "GET", "/things", "", bearer(f.token(secret.AccessToken, good("read")))...)
	if a.status != 503 || a.header.Get("Retry-After") != "1" || a.header.Get("WWW-Authenticate") != "" {
		t.Errorf("%d %v", a.status, a.header)
	}
}

// Refusals are in the shape of docs/contract.md, "Errors", whatever shape the
// errors of the handler behind have.
func TestRefusalsHaveOneShape(t *testing.T) {
	f := start(t, nil)
	for name, c := range map[string]struct {
		path, body string
		headers    []string
	}{
		"no credential": {"/tags", `{"error":"unauthorized","message":"Access token or API key is invalid, expired, or missing"}`, nil},
		"scope":         {"/tags", `{"error":"insufficient_scope","message":"This action requires the 'read_write' scope"}`, bearer(f.token(secret.AccessToken, good("read")))},
	} {
		a := f.do(t, "POST", c.path, "{}", c.headers...)
		if a.raw != c.body {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
}

func TestTheRoleTravels(t *testing.T) {
	f := start(t, nil)
	guest := good("read")
	guest.Role = "guest"
	if a := f.do(t, "GET", "/things", "", bearer(f.token(secret.AccessToken, guest))...); a.raw != `{"family":"family-1","role":"guest","scope":"read"}` {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestOnlyTokens(t *testing.T) {
	f := start(t, nil)
	if a := f.do(t, "GET", "/tokens", "", bearer(f.token(secret.AccessToken, good("read")))...); a.status != 200 {
		t.Errorf("a token: %d %s", a.status, a.raw)
	}
	a := f.do(t, "GET", "/tokens", "", apiKey(f.token(secret.APIKey, good("read_write")))...)
	if a.status != 403 || a.raw != `{"error":"forbidden","message":"No API keys here"}` || a.header.Get("WWW-Authenticate") != "" {
		t.Errorf("a key: %d %s %v", a.status, a.raw, a.header)
	}
}

func TestOnlyOwnApps(t *testing.T) {
	const own = "latchkey-app"
	with := func(client, scopes string) introspection.Answer {
		a := good(scopes)
		a.ClientID = client
		return a
	}
	f := serve(t, guard.Options{OwnClient: own, Realm: "Latchkey"})
	unknown := serve(t, guard.Options{}) // which client is its own nobody told it
	for name, c := range map[string]struct {
		f         *fixture
		path      string
		headers   []string
		status    int
		body      string
		challenge string
	}{
		"own app":                     {f, "/own", bearer(f.token(secret.AccessToken, with(own, "read_write"))), 200, "", ""},
		"own app, keys":               {f, "/own/keys", bearer(f.token(secret.AccessToken, with(own, "read_write"))), 200, "", ""},
		"own app that may only read":  {f, "/own", bearer(f.token(secret.AccessToken, with(own, "read"))), 403, `{"error":"insufficient_scope","message":"This action requires the 'read_write' scope"}`, `Bearer realm="Latchkey", error="insufficient_scope", scope="read_write"`},
		"third party":                 {f, "/own", bearer(f.token(secret.AccessToken, with("other", "read_write"))), 403, `{"error":"forbidden","message":"Own apps only"}`, ""},
		"third party that reads":      {f, "/own", bearer(f.token(secret.AccessToken, with("other", "read"))), 403, `{"error":"forbidden","message":"Own apps only"}`, ""},
		"no client":                   {f, "/own", bearer(f.token(secret.AccessToken, with("", "read_write"))), 403, `{"error":"forbidden","message":"Own apps only"}`, ""},
		"key":                         {f, "/own", apiKey(f.token(secret.APIKey, with("", "read_write"))), 403, `{"error":"forbidden","message":"Own apps only"}`, ""},
		"key that names the client":   {f, "/own", apiKey(f.token(secret.APIKey, with(own, "read_write"))), 403, `{"error":"forbidden","message":"Own apps only"}`, ""},
		"third party, keys":           {f, "/own/keys", bearer(f.token(secret.AccessToken, with("other", "read_write"))), 403, `{"error":"insufficient_scope","message":"Others may not"}`, `Bearer realm="Latchkey", error="insufficient_scope"`},
		"key, keys":                   {f, "/own/keys", apiKey(f.token(secret.APIKey, good("read_write"))), 403, `{"error":"forbidden","message":"No API keys here"}`, ""},
		"nobody knows, no client":     {unknown, "/own", bearer(unknown.token(secret.AccessToken, with("", "read_write"))), 403, `{"error":"forbidden","message":"Own apps only"}`, ""},
		"nobody knows, another":       {unknown, "/own", bearer(unknown.token(secret.AccessToken, with(own, "read_write"))), 403, `{"error":"forbidden","message":"Own apps only"}`, ""},
		"nobody knows, no credential": {unknown, "/own", nil, 401, `{"error":"unauthorized","message":"Access token or API key is invalid, expired, or missing"}`, `Bearer scope="read_write"`},
	} {
		before := c.f.read.Load()
		a := c.f.do(t, "POST", c.path, "{}", c.headers...)
		if a.status != c.status || c.body != "" && a.raw != c.body || a.header.Get("WWW-Authenticate") != c.challenge {
			t.Errorf("%s: %d %s, challenge %q", name, a.status, a.raw, a.header.Get("WWW-Authenticate"))
		}
		if reached := c.f.read.Load() != before; reached != (c.status == 200) {
			t.Errorf("%s: the handler was reached: %v", name, reached)
		}
	}
}

// Both services refuse the same faults in the same way; only what their
// challenges say about themselves differs.
func TestChallengesDifferInTheirSurroundingsOnly(t *testing.T) {
	resource, server := start(t, nil), serve(t, guard.Options{Resource: apiURL, Realm: "Latchkey"})
	ask := func(f *fixture, headers ...string) (string, string) {
		a := f.do(t, "POST", "/things", "{}", headers...)
		return a.raw, a.header.Get("WWW-Authenticate")
	}
	with := func(kind secret.Kind, change func(a *introspection.Answer)) string {
		a := good("read_write")
		change(&a)
		text := resource.token(kind, a)
		server.known[text] = resource.known[text]
		return text
	}
	refuses := func(name, params string, headers ...string) {
		t.Helper()
		body, challenge := ask(resource, headers...)
		again, other := ask(server, headers...)
		params = strings.TrimPrefix(params+`, scope="read_write"`, ", ")
		ours, theirs := `Bearer `+params+`, resource_metadata="`+metadata+`"`, `Bearer realm="Latchkey", `+params
		if body != again || challenge != ours || other != theirs {
			t.Errorf("%s: %s %q and %s %q", name, body, challenge, again, other)
		}
	}
	invalid := func(message string) string { return `error="invalid_token", error_description="` + message + `"` }
	token, key := invalid("Access token is invalid or expired"), invalid("Access token or API key is invalid, expired, or missing")
	refuses("nothing", "")
	refuses("unknown", token, bearer(secret.New(secret.AccessToken).Reveal())...)
	refuses("unknown key", key, apiKey(secret.New(secret.APIKey).Reveal())...)
	refuses("expired", token, bearer(with(secret.AccessToken, func(a *introspection.Answer) { a.Exp = 1 }))...)
	refuses("audience", token, bearer(with(secret.AccessToken, func(a *introspection.Answer) { a.Aud = "https://other.test" }))...)
	refuses("no owner", invalid("Access token is invalid - missing resource owner"), bearer(with(secret.AccessToken, func(a *introspection.Answer) { a.UserID = "" }))...)
	refuses("no family", invalid("Access token is invalid - missing resource owner"), bearer(with(secret.AccessToken, func(a *introspection.Answer) { a.FamilyID = "" }))...)
	refuses("networks", key, apiKey(with(secret.APIKey, func(a *introspection.Answer) { a.AllowedCIDRs = []string{"192.0.2.0/24"} }))...)
	refuses("unreadable networks", key, apiKey(with(secret.APIKey, func(a *introspection.Answer) { a.AllowedCIDRs = []string{"127.0.0.0/8", "?"} }))...)
	refuses("deactivated", invalid("Account has been deactivated"), bearer(with(secret.AccessToken, func(a *introspection.Answer) {
		*a = introspection.Answer{Reason: introspection.ReasonDeactivated}
	}))...)
	refuses("scope", `error="insufficient_scope"`, bearer(with(secret.AccessToken, func(a *introspection.Answer) { a.Scope = "read" }))...)
}

// What a refused credential was is in the log, for whoever asks why.
func TestRefusedCredentialsAreLogged(t *testing.T) {
	f := start(t, nil)
	far := good("read")
	far.AllowedCIDRs = []string{"192.0.2.0/24"}
	f.do(t, "GET", "/things", "", apiKey(f.token(secret.APIKey, far))...)
	if log := f.log.String(); !strings.Contains(log, `"credential_kind":"api_key"`) || !strings.Contains(log, "used from an address outside its allow list") {
		t.Errorf("log: %s", log)
	}
}
