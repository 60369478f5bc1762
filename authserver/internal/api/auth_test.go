package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/testenv"
)

// docs/contract.md, "Sign up", row by row.
func TestSignup(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		a := s.post(t, "/api/v1/auth/signup", object{
			"user":   object{"email": " Ada@Example.com ", "password": password, "first_name": " Ada ", "last_name": "  "},
			"device": device("d1"),
		})
		if a.Status != http.StatusCreated || a.text("token_type") != "Bearer" || a.Body["expires_in"] != float64(31536000) {
			t.Fatalf("%d %s", a.Status, a.Raw)
		}
		if !strings.HasPrefix(a.text("access_token"), "oat_") || !strings.HasPrefix(a.text("refresh_token"), "ort_") ||
			a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("tokens: %s %v", a.Raw, a.Header)
		}
		created, _ := a.Body["created_at"].(float64)
		if age := time.Since(time.Unix(int64(created), 0)); age < -time.Second || age > time.Minute {
			t.Errorf("created_at is %v old", age)
		}
		if _, scoped := a.Body["scope"]; scoped {
			t.Error("the answer has a scope")
		}
		user, _ := a.Body["user"].(object)
		if user["email"] != "ada@example.com" || user["first_name"] != "Ada" || user["last_name"] != nil ||
			user["ui_layout"] != "dashboard" || user["ai_enabled"] != false || len(user) != 6 {
			t.Errorf("user: %v", user)
		}
		for name, c := range signupRefusals() {
			t.Run(name, func(t *testing.T) {
				a := s.post(t, "/api/v1/auth/signup", c.body)
				if a.Status != c.status || !strings.Contains(a.Raw, c.want) {
					t.Errorf("%d %s, want %d %s", a.Status, a.Raw, c.status, c.want)
				}
			})
		}
		var families, admins int
		row := s.DB.QueryRow(t.Context(), `SELECT count(*), count(DISTINCT family_id) FROM users WHERE role = 'admin'`)
		if err := row.Scan(&admins, &families); err != nil || admins != 1 || families != 1 {
			t.Errorf("%d admins of %d families, %v: a refused sign-up left something behind", admins, families, err)
		}
	})
}

type refusal struct {
	body   object
	status int
	want   string
}

func signupRefusals() map[string]refusal {
	with := func(change func(user, dev object)) object {
		user, dev := object{"email": "new@example.com", "password": password}, device("d1")
		change(user, dev)
		return object{"user": user, "device": dev}
	}
	noDevice := `{"error":"Device information is required"}`
	return map[string]refusal{
		"taken":          {with(func(u, _ object) { u["email"] = "ADA@example.com" }), 422, `{"errors":["Email has already been taken"]}`},
		"blank password": {with(func(u, _ object) { u["password"] = "" }), 422, `{"errors":["Password can't be blank"]}`},
		"every rule": {with(func(u, _ object) { u["password"] = "ä" }), 422, `{"errors":["Password must be at least 8 characters",` +
			`"Password must include both uppercase and lowercase letters","Password must include at least one number",` +
			`"Password must include at least one special character"]}`},
		"not special":    {with(func(u, _ object) { u["password"] = "Aa1_-+=;'[]/~ " }), 422, `special character`},
		"too long":       {with(func(u, _ object) { u["password"] = strings.Repeat("Aa1!", 257) }), 422, `at most 1024 bytes`},
		"bad email":      {with(func(u, _ object) { u["email"] = "no address" }), 422, `{"errors":["Email is invalid"]}`},
		"no email":       {with(func(u, _ object) { delete(u, "email") }), 422, `Email can't be blank`},
		"long email":     {with(func(u, _ object) { u["email"] = strings.Repeat("a", 60) + "@" + strings.Repeat("b.", 120) + "com" }), 422, `Email is invalid`},
		"odd name":       {with(func(u, _ object) { u["first_name"] = "A\u202eB" }), 422, `First name is invalid`},
		"long name":      {with(func(u, _ object) { u["last_name"] = strings.Repeat("x", 256) }), 422, `Last name is too long`},
		"no device":      {object{"user": object{"email": "new@example.com", "password": password}}, 400, noDevice},
		"null device":    {object{"user": object{"email": "new@example.com", "password": password}, "device": nil}, 400, noDevice},
		"blank device":   {with(func(_, d object) { d["os_version"] = " " }), 400, noDevice},
		"unknown type":   {with(func(_, d object) { d["device_type"] = "unknown" }), 400, noDevice},
		"long device":    {with(func(_, d object) { d["device_id"] = strings.Repeat("x", 300) }), 400, noDevice},
		"password first": {object{"user": object{"email": "new@example.com", "password": "a"}}, 422, `Password`},
		"device first":   {object{"user": object{"email": "bad", "password": password}}, 400, noDevice},
		"no user":        {object{"device": device("d1")}, 400, `"error"`},
		"bad invite":     {object{"user": object{"email": "new@example.com", "password": password}, "device": device("d1"), "invite_code": "deadbeef"}, 403, `{"error":"Invalid invite code"}`},
	}
}

// docs/contract.md, "Sign in".
func TestLogin(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		first := s.member(t, "ada@example.com").text("access_token")
		a := s.login(t, "ADA@example.com", "d2")
		if a.Status != http.StatusOK || a.Body["user"] == nil {
			t.Fatalf("%d %s", a.Status, a.Raw)
		}
		if !s.live(t, first) {
			t.Error("a sign-in on one device ended the other's")
		}
		again := s.login(t, "ada@example.com", "d2").text("access_token")
		if s.live(t, a.text("access_token")) || !s.live(t, again) || !s.live(t, first) {
			t.Error("a second sign-in on a device must end that device's first, and no other")
		}
		for name, c := range map[string]refusal{
			"wrong password": {object{"email": "ada@example.com", "password": "x", "device": device("d1")}, 401, `{"error":"Invalid email or password"}`},
			"unknown":        {object{"email": "bob@example.com", "password": password, "device": device("d1")}, 401, `{"error":"Invalid email or password"}`},
			"nothing":        {object{}, 401, `{"error":"Invalid email or password"}`},
			"nulls":          {object{"email": nil, "password": nil}, 401, `{"error":"Invalid email or password"}`},
			"huge password":  {object{"email": "ada@example.com", "password": strings.Repeat("x", 5000)}, 401, `{"error":"Invalid email or password"}`},
			"no device":      {object{"email": "ada@example.com", "password": password}, 400, `{"error":"Device information is required"}`},
			"password first": {object{"email": "ada@example.com", "password": "x"}, 401, `Invalid email or password`},
		} {
			t.Run(name, func(t *testing.T) {
				a := s.post(t, "/api/v1/auth/login", c.body)
				if a.Status != c.status || !strings.Contains(a.Raw, c.want) {
					t.Errorf("%d %s, want %d %s", a.Status, a.Raw, c.status, c.want)
				}
				if c.status == 401 && !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
					t.Error("a 401 without a challenge")
				}
			})
		}
	})
}

// docs/contract.md, "Refresh", with the rotation rules of the token endpoint.
func TestRefresh(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		a := s.member(t, "ada@example.com")
		refresh := func(token string, dev object) *answer {
			body := object{"refresh_token": token}
			if dev != nil {
				body["device"] = dev
			}
			return s.post(t, "/api/v1/auth/refresh", body)
		}
		old := a.text("refresh_token")
		if got := refresh(old, object{"device_id": "another"}); got.Status != 401 || got.Raw != `{"error":"Invalid refresh token"}` {
			t.Errorf("another device: %d %s", got.Status, got.Raw)
		}
		b := refresh(old, object{"device_id": "d1"})
		if b.Status != http.StatusOK || b.Body["user"] != nil || b.Body["expires_in"] != float64(31536000) || len(b.Body) != 5 {
			t.Fatalf("%d %s", b.Status, b.Raw)
		}
		if s.live(t, a.text("access_token")) || !s.live(t, b.text("access_token")) {
			t.Error("refresh must retire the old access token and open the new one")
		}
		if retry := refresh(old, nil); retry.text("access_token") != b.text("access_token") {
			t.Errorf("a retry within the window: %d %s", retry.Status, retry.Raw)
		}
		c := refresh(b.text("refresh_token"), nil)
		if c.Status != http.StatusOK {
			t.Fatalf("%d %s", c.Status, c.Raw)
		}
		if reuse := refresh(old, nil); reuse.Status != 401 {
			t.Errorf("reuse: %d", reuse.Status)
		}
		if s.live(t, c.text("access_token")) {
			t.Error("reuse of a spent refresh token must end the grant")
		}
		for name, c := range map[string]refusal{
			"missing":      {object{}, 400, `{"error":"Refresh token is required"}`},
			"null":         {object{"refresh_token": nil}, 400, `{"error":"Refresh token is required"}`},
			"blank":        {object{"refresh_token": ""}, 400, `{"error":"Refresh token is required"}`},
			"no token":     {object{"refresh_token": "nonsense"}, 401, `{"error":"Invalid refresh token"}`},
			"access token": {object{"refresh_token": a.text("access_token")}, 401, `{"error":"Invalid refresh token"}`},
			"number":       {object{"refresh_token": 5}, 400, `"error"`},
		} {
			if got := s.post(t, "/api/v1/auth/refresh", c.body); got.Status != c.status || !strings.Contains(got.Raw, c.want) {
				t.Errorf("%s: %d %s", name, got.Status, got.Raw)
			}
		}
	})
}

func TestMalformedBodies(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		const asJSON = "application/json"
		for name, c := range map[string]struct {
			kind, body string
			status     int
		}{
			"empty":           {asJSON, "", 400},
			"no JSON":         {asJSON, "{", 400},
			"array":           {asJSON, "[]", 400},
			"null":            {asJSON, "null", 400},
			"string":          {asJSON, `"x"`, 400},
			"two documents":   {asJSON, `{}{}`, 400},
			"wrong type":      {asJSON, `{"email":5,"password":"x"}`, 400},
			"object for text": {asJSON, `{"email":{},"password":"x"}`, 400},
			"unknown field":   {asJSON, `{"email":"a@b.c","password":"x","admin":true}`, 400},
			"NUL":             {asJSON, `{"email":"a\u0000@b.c","password":"x"}`, 400},
			"raw NUL":         {asJSON, "{\"email\":\"a\x00\",\"password\":\"x\"}", 400},
			"no UTF-8":        {asJSON, "{\"email\":\"a\xff\",\"password\":\"x\"}", 400},
			"lone surrogate":  {asJSON, `{"email":"\ud800","password":"x"}`, 400},
			"field twice":     {asJSON, `{"email":"a@b.c","email":"d@e.f","password":"x"}`, 400},
			"nested twice":    {asJSON, `{"email":"a@b.c","password":"x","device":{"device_id":"1","device_id":"2"}}`, 400},
			"other letters":   {asJSON, `{"EMAIL":"a@b.c","password":"x"}`, 400},
			"long s":          {asJSON, `{"email":"a@b.c","paſſword":"x"}`, 400},
			"deep":            {asJSON, strings.Repeat(`{"device":`, 20000) + "1" + strings.Repeat("}", 20000), 413},
			"megabyte":        {asJSON, `{"email":"` + strings.Repeat("a", 1<<20) + `"}`, 413},
			"text":            {"text/plain", `{"email":"a@b.c"}`, 400},
			"no type":         {"", `{"email":"a@b.c"}`, 400},
			"form":            {"application/x-www-form-urlencoded", "email=a%40b.c&password=x", 401},
			"bad form":        {"application/x-www-form-urlencoded", "email=%zz", 400},
			"form NUL":        {"application/x-www-form-urlencoded", "email=%00", 400},
			"JSON as form":    {"application/x-www-form-urlencoded", `{"email":"a@b.c","password":"quoted-nowhere"}`, 400},
			"form list too":   {"application/x-www-form-urlencoded", "email[]=a%40b.c&email=a%40b.c&password=x", 400},
			"form both":       {"application/x-www-form-urlencoded", "device=x&device[device_id]=y", 400},
		} {
			t.Run(name, func(t *testing.T) {
				for _, path := range []string{"/api/v1/auth/login"} {
					a := s.send(t, http.MethodPost, path, c.kind, []byte(c.body))
					if a.Status != c.status || a.Body["error"] == nil {
						t.Errorf("%s: %d %.200s", path, a.Status, a.Raw)
					}
				}
			})
		}
		form := "user[email]=f@example.com&user[password]=Secret-1234!&device[device_id]=d&device[device_name]=P" +
			"&device[device_type]=web&device[os_version]=1&device[app_version]=1"
		if a := s.send(t, http.MethodPost, "/api/v1/auth/signup", "application/x-www-form-urlencoded", []byte(form)); a.Status != 201 {
			t.Errorf("sign-up by form: %d %s", a.Status, a.Raw)
		}
		for _, path := range []string{"login", "signup", "refresh", "logout", "enable_ai"} {
			a := s.send(t, http.MethodPut, "/api/v1/auth/"+path, asJSON, []byte(`{}`))
			if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") == "" {
				t.Errorf("PUT %s: %d", path, a.Status)
			}
		}
	})
}

// Pages of any origin may call (docs/contract.md, "Cross-origin requests"): no
// cookie is read here.
func TestOtherOriginsMayCall(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		const origin = "https://app.example"
		for path, methods := range map[string]string{
			"/api/v1/auth/login": "OPTIONS, POST", "/api/v1/devices": "GET, HEAD, OPTIONS", "/api/v1/users/me": "DELETE, OPTIONS",
		} {
			a := s.send(t, http.MethodOptions, path, "", nil, "Origin", origin, "Access-Control-Request-Method", "POST")
			if a.Status != http.StatusNoContent || a.Header.Get("Allow") != methods || a.Header.Get("Access-Control-Allow-Methods") != methods ||
				a.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
				t.Errorf("%s: %d %v", path, a.Status, a.Header)
			}
			refused := s.send(t, http.MethodPut, path, "", nil, "Origin", origin)
			if refused.Status != http.StatusMethodNotAllowed || refused.Header.Get("Allow") != methods || refused.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("PUT %s: %d %v", path, refused.Status, refused.Header)
			}
		}
		a := s.send(t, http.MethodGet, "/api/v1/devices", "", nil, "Origin", origin)
		if a.Status != http.StatusUnauthorized || !strings.Contains(a.Header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") ||
			a.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%d %v", a.Status, a.Header)
		}
		if plain := s.as(t, "", http.MethodGet, "/api/v1/devices"); plain.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("not asked for: %v", plain.Header)
		}
	})
}
