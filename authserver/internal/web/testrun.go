package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
)

// showTestRun explains a test run of one's own application before it begins.
func (s *Server) showTestRun(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	v, data := s.ofOneClient(w, r, in, c, "run.heading")
	return s.render(w, r, http.StatusOK, v, page.TestRunPage(v, data, nil))
}

// testRun goes through an authorization of one's own application for oneself, as the
// application would: each step is a request to our own endpoints, and shows what they
// answered. No secret is shown beyond its last four characters, and in the end the access
// is taken back.
func (s *Server) testRun(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	v, data := s.ofOneClient(w, r, in, c, "run.heading")
	if len(c.RedirectURIs) == 0 {
		return fault.New(fault.Invalid, "This application has no redirect URI, so there is nothing to try.")
	}
	given := strings.TrimSpace(r.PostForm.Get("client_secret"))
	if !c.Public() && given == "" {
		refused := authserver.Violations{{Field: "client_secret", Rule: "blank", Message: "Enter the secret of the application."}}
		return s.again(w, r, v, page.TestRunPage(v, data, nil), fault.New(fault.Invalid, refused[0].Message).WithCause(refused))
	}
	before, err := s.consents.Find(r.Context(), in.User.ID, c.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	run := &testRun{
		endpoints: s.endpoints, issuer: s.address(), client: c, secret: given, formToken: v.CSRF, from: r,
		verifier: rand.Text() + rand.Text(), state: rand.Text(),
	}
	began := s.now().UTC().Truncate(time.Microsecond)
	run.walk(r.Context())
	if err := s.explain(r.Context(), run, began); err != nil {
		return err
	}
	if before == nil { // what the run alone has allowed does not outlive it
		if err := s.consents.Revoke(r.Context(), in.User.ID, c.ID); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return s.render(w, r, http.StatusOK, v, page.TestRunPage(v, data, run.steps))
}

// explain adds to the step that was refused why it was, as the application's page says it.
func (s *Server) explain(ctx context.Context, t *testRun, began time.Time) error {
	at := slices.IndexFunc(t.steps, func(one page.RunStep) bool { return !one.OK })
	if at < 0 {
		return nil
	}
	list, err := s.refusals.Of(ctx, t.client.ID)
	if err != nil {
		return err
	}
	for _, one := range list { // others may ask in the application's name at the same time
		if !one.LastAt.Before(began) {
			t.steps[at].Why, began = one.Reason, one.LastAt
		}
	}
	return nil
}

// testRun is one of them, as far as it has come.
type testRun struct {
	endpoints       http.Handler
	issuer          string
	client          *authserver.Client
	secret          string // of the client; "": it has none
	formToken       string
	from            *http.Request
	verifier, state string
	back            url.Values // what the browser was sent back with
	tokens          struct{ access, refresh string }
	steps           []page.RunStep
}

func (t *testRun) walk(ctx context.Context) {
	for _, step := range []func(ctx context.Context) bool{t.authorize, t.compare, t.redeem, t.call, t.refresh} {
		if !step(ctx) {
			break
		}
	}
	if t.tokens.refresh != "" {
		t.revoke(ctx)
	}
}

func (t *testRun) redirectURI() string { return t.client.RedirectURIs[0] }

// authorize is the person's way: the click on Run is the one on Allow.
func (t *testRun) authorize(ctx context.Context) bool {
	sum := sha256.Sum256([]byte(t.verifier))
	asks := scope.Read
	if !t.client.Scopes.Satisfies(scope.Read) {
		asks = t.client.Scopes
	}
	query := url.Values{
		"response_type": {"code"}, "client_id": {t.client.ID}, "redirect_uri": {t.redirectURI()}, "scope": {asks.String()},
		"state": {t.state}, "code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	target := t.issuer + "/oauth/authorize?" + query.Encode()
	answer := t.send(ctx, http.MethodPost, target, url.Values{"decision": {"allow"}, authserver.FormTokenField: {t.formToken}}, func(r *http.Request) {
		for _, name := range []string{"Cookie", "User-Agent"} {
			r.Header[name] = t.from.Header[name]
		}
	})
	to, err := url.Parse(answer.header.Get("Location"))
	back := err == nil && answer.status == http.StatusSeeOther && strings.HasPrefix(to.String(), t.redirectURI())
	if back {
		t.back = to.Query()
	}
	t.note("authorize", "GET "+target, answer, t.back.Get("code") != "")
	return t.back.Get("code") != ""
}

// compare is what the application does with the answer (RFC 9207); nothing is sent.
func (t *testRun) compare(context.Context) bool {
	same := t.back.Get("state") == t.state && t.back.Get("iss") == t.issuer
	t.steps = append(t.steps, page.RunStep{Key: "compare", OK: same})
	return same
}

func (t *testRun) redeem(ctx context.Context) bool {
	answer := t.asClient(ctx, "/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {t.back.Get("code")}, "redirect_uri": {t.redirectURI()}, "code_verifier": {t.verifier},
	}, "redeem")
	t.keep(answer)
	return answer.status == http.StatusOK
}

func (t *testRun) call(ctx context.Context) bool {
	target := t.issuer + "/oauth/userinfo"
	answer := t.send(ctx, http.MethodGet, target, nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+t.tokens.access) })
	t.note("call", "GET "+target+"\nAuthorization: Bearer "+t.tokens.access, answer, answer.status == http.StatusOK)
	return true // the rest can be tried all the same
}

func (t *testRun) refresh(ctx context.Context) bool {
	answer := t.asClient(ctx, "/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.tokens.refresh}}, "refresh")
	t.keep(answer)
	return answer.status == http.StatusOK
}

func (t *testRun) revoke(ctx context.Context) {
	t.asClient(ctx, "/oauth/revoke", url.Values{"token": {t.tokens.refresh}}, "revoke")
}

// asClient sends a form as the client does: it names itself, or authenticates, by its
// registered method.
func (t *testRun) asClient(ctx context.Context, path string, form url.Values, key string) *answer {
	shown, header := "POST "+t.issuer+path, ""
	if t.client.AuthMethod == authserver.AuthBasic {
		shown += "\nAuthorization: Basic base64(client_id:client_secret)"
		pair := url.QueryEscape(t.client.ID) + ":" + url.QueryEscape(t.secret) // RFC 6749 section 2.3.1
		header = "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	} else {
		form.Set("client_id", t.client.ID)
	}
	if t.client.AuthMethod == authserver.AuthPost {
		form.Set("client_secret", t.secret)
	}
	got := t.send(ctx, http.MethodPost, t.issuer+path, form, func(r *http.Request) {
		if header != "" {
			r.Header.Set("Authorization", header)
		}
	})
	t.note(key, shown+"\n\n"+strings.ReplaceAll(form.Encode(), "&", "\n&"), got, got.status == http.StatusOK)
	return got
}
