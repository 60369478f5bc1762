package guard_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/pkg/fault"
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
		{"unknown token", bearer(secret.New(secret.AccessToken).Reveal()), false, "Access token is invalid, expired, or missing required scope", 1},
		{"unknown key", apiKey(secret.New(secret.APIKey).Reveal()), false, "Access token or API key is invalid, expired, or missing", 1},
		{"malformed token", bearer("oat_x"), false, "Access token is invalid, expired, or missing required scope", 0},
		{"malformed key", apiKey("key_x"), false, "Access token or API key is invalid, expired, or missing", 0},
		{"refresh token", bearer(secret.New(secret.RefreshToken).Reveal()), false, "Access token is invalid, expired, or missing required scope", 0},
		{"both", append(bearer(ok), apiKey(key)...), false, "Send either an Authorization header or an X-Api-Key header, not both", 0},
		{"key in Authorization", bearer(key), false, "Send API keys in the X-Api-Key header, not in Authorization", 0},
		{"deactivated", bearer(f.token(secret.AccessToken, introspection.Answer{Reason: introspection.ReasonDeactivated})), false, "Account has been deactivated", 1},
		{"deactivated, key", apiKey(f.token(secret.APIKey, introspection.Answer{Reason: introspection.ReasonDeactivated})), false, "Account has been deactivated", 1},
		{"expired", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.Exp = 1 }))), false, "Access token is invalid, expired, or missing required scope", 1},
		{"no scope", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.Scope = "" }))), false, "Access token is invalid, expired, or missing required scope", 1},
		{"unknown scope", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.Scope = "admin" }))), false, "Access token is invalid, expired, or missing required scope", 1},
		{"no family", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.FamilyID = "" }))), false, "Access token is invalid - missing resource owner", 1},
		{"another audience", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.Aud = "https://other.test" }))), false, "Access token is invalid, expired, or missing required scope", 1},
		{"a token that is really a key", bearer(f.token(secret.AccessToken, with(func(a *introspection.Answer) { a.CredentialKind = introspection.KindAPIKey }))), false, "Access token is invalid, expired, or missing required scope", 1},
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
			if tt.bare && challenge[0] != `Bearer resource_metadata="`+metadata+`"` || !tt.bare && !strings.Contains(challenge[0], `error="invalid_token"`) {
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
			if a.status != 403 || a.Error != "insufficient_scope" || a.Message != "This action requires the 'write' scope" {
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
