package sso_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/testenv/actor"
)

type object = map[string]any

// answer is what the API said.
type answer struct {
	Status int
	Body   object
	Raw    string
}

func (a *answer) text(name string) string {
	text, _ := a.Body[name].(string)
	return text
}

func (s *site) post(path string, body object) *answer {
	s.Helper()
	a, err := s.tryPost(path, body)
	if err != nil {
		s.Fatal(err)
	}
	return a
}

func (s *site) tryPost(path string, body object) (*answer, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.URL+"/api/v1/auth/"+path, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := s.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	out, err := io.ReadAll(res.Body)
	a := &answer{Status: res.StatusCode, Raw: strings.TrimSpace(string(out))}
	_ = json.Unmarshal(out, &a.Body) // what is no JSON fails where it is looked at
	return a, err
}

// want fails unless the API said exactly this.
func (s *site) want(a *answer, status int, body string) {
	s.Helper()
	if a.Status != status || a.Raw != body {
		s.Errorf("%d %s, want %d %s", a.Status, a.Raw, status, body)
	}
}

// opens fails unless the API gave tokens that work, and returns the access token.
func (s *site) opens(a *answer) string {
	s.Helper()
	token := a.text("access_token")
	if a.Status != http.StatusOK || a.text("refresh_token") == "" || a.text("token_type") != "Bearer" || a.Body["user"] == nil {
		s.Fatalf("%d %s", a.Status, a.Raw)
	}
	if status := s.devices(token); status != http.StatusOK {
		s.Fatalf("the access token opens nothing: %d", status)
	}
	return token
}

// devices asks where the person is signed in and returns the status.
func (s *site) devices(token string) int {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.URL+"/api/v1/devices", nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := s.HTTP.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	_ = res.Body.Close() // only the status matters
	return res.StatusCode
}

// member signs somebody up with a password.
func (s *site) member(email string) *authserver.User {
	s.Helper()
	u, err := s.People.SignUp(s.Context(), account.Signup{Email: email, Password: password}, account.Visitor{},
		func(context.Context, *authserver.User) error { return nil })
	if err != nil {
		s.Fatal(err)
	}
	return u
}

// secondFactor gives a user one and returns what shows its codes, steps from now.
func (s *site) secondFactor(u *authserver.User) func(steps int) string {
	s.Helper()
	in := &authserver.Signin{ID: uuid.NewString(), User: *u}
	setup, err := s.People.BeginSecondFactor(s.Context(), in)
	if err != nil {
		s.Fatal(err)
	}
	code := func(steps int) string {
		code, err := totp.GenerateCode(strings.ReplaceAll(setup.Key, " ", ""), s.clock.now().Add(time.Duration(steps)*30*time.Second))
		if err != nil {
			s.Fatal(err)
		}
		return code
	}
	if _, err := s.People.ConfirmSecondFactor(s.Context(), in, code(-1)); err != nil {
		s.Fatal(err)
	}
	return code
}

const device = "device_id=d1&device_name=Phone&device_type=ios&os_version=18&app_version=2"

// app opens the browser as an app does, with further parameters, signs in at the
// provider, and returns the page after it and the browser.
func (s *site) app(more string) (*actor.Page, *actor.Browser) {
	s.Helper()
	b := actor.NewBrowser(s.URL)
	return s.viaProvider(b, "/auth/mobile/work?"+device+more), b
}

func (s *site) viaProvider(b *actor.Browser, path string) *actor.Page {
	s.Helper()
	return s.get(b, s.IDP.SignIn(s.T, s.depart(b, path)).String())
}

// depart returns where the provider is asked.
func (s *site) depart(b *actor.Browser, path string) *url.URL {
	s.Helper()
	page := s.get(b, path)
	if page.Left == nil || "http://"+page.Left.Host != s.IDP.URL {
		s.Fatalf("%s did not lead to the provider: %d %v %s", path, page.Status, page.Left, page.Text())
	}
	return page.Left
}

func (s *site) get(b *actor.Browser, target string) *actor.Page {
	s.Helper()
	page, err := b.Get(s.Context(), target)
	if err != nil {
		s.Fatal(err)
	}
	return page
}

// submit fills in the page's form that has the fields and sends it.
func (s *site) submit(b *actor.Browser, page *actor.Page, values map[string]string, fields ...string) *actor.Page {
	s.Helper()
	form, err := page.Form(fields...)
	if err != nil {
		s.Fatal(err)
	}
	form.Fill(values)
	next, err := b.Submit(s.Context(), page, form, "", "")
	if err != nil {
		s.Fatal(err)
	}
	return next
}

// told returns what the app was told, and fails unless it was told anything.
func (s *site) told(page *actor.Page) url.Values {
	s.Helper()
	if page.Left == nil || !strings.HasPrefix(page.Left.String(), "sureapp://oauth/callback?") {
		s.Fatalf("the app was told nothing: %d %v %s", page.Status, page.Left, page.Text())
	}
	return page.Left.Query()
}

func (s *site) code(page *actor.Page) string {
	s.Helper()
	q := s.told(page)
	if q.Get("code") == "" {
		s.Fatalf("the app got no code: %v", q)
	}
	return q.Get("code")
}

func (s *site) linkingCode(page *actor.Page) string {
	s.Helper()
	q := s.told(page)
	if q.Get("status") != "account_not_linked" || q.Get("linking_code") == "" {
		s.Fatalf("the app got no linking code: %v", q)
	}
	return q.Get("linking_code")
}

// linked makes a user who is connected with the provider's current person.
func (s *site) linked(email string) *authserver.User {
	s.Helper()
	u := s.member(email)
	page, _ := s.app("")
	s.opens(s.post("sso_link", object{"linking_code": s.linkingCode(page), "email": email, "password": password}))
	return u
}

// count runs a statement that counts.
func (s *site) count(text string, args ...any) int {
	s.Helper()
	var n int
	if err := s.DB.QueryRow(s.Context(), text, args...).Scan(&n); err != nil {
		s.Fatal(err)
	}
	return n
}

// together runs fn n times at once.
func together(n int, fn func()) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for range n {
		all.Go(func() {
			<-start
			fn()
		})
	}
	close(start)
	all.Wait()
}
