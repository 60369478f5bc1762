package load

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/pkg/testenv/actor"
)

// Kind is something that people or applications do.
type Kind string

// The kinds there are.
const (
	SignIn  Kind = "sign-in"        // the page and its form
	Code    Kind = "code flow"      // authorize, consent being remembered, and the exchange
	Refresh Kind = "refresh"        //
	Read    Kind = "guarded read"   // a page of transactions
	Write   Kind = "guarded write"  // a transaction
	Key     Kind = "key at a limit" // 429 is its good answer, once the limit is reached
	Revoke  Kind = "revocation"     // of a token that both replicas remember
)

// Kinds are all kinds, in the order of tables.
var Kinds = []Kind{SignIn, Code, Refresh, Read, Write, Key, Revoke}

// Mix says how often each kind is done, of a hundred.
type Mix map[Kind]int

// Everyday is what a deployment sees, with more sign-ins and revocations.
var Everyday = Mix{SignIn: 2, Code: 4, Refresh: 12, Read: 55, Write: 15, Key: 8, Revoke: 4}

// pick chooses the next kind.
func (m Mix) pick() Kind {
	n := rand.IntN(100) //nolint:gosec // not a secret
	for _, kind := range Kinds {
		if n -= m[kind]; n < 0 {
			return kind
		}
	}
	return Read
}

// outcome is what came of something.
type outcome struct {
	status   int
	byOrigin bool // the origin answered, no service
	err      error
	good     bool
	gone     bool // what was acknowledged is not there: the ledger has it
	bare     bool // a 503 without Retry-After
	body     []byte
	header   http.Header
}

// do sends a request and compares the status with what is good.
func (conn *connection) do(ctx context.Context, method, address string, header http.Header, body string, good ...int) outcome {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return outcome{err: err}
	}
	for name, values := range header {
		req.Header[name] = values
	}
	answer, err := (&actor.App{HTTP: conn.client}).Do(req)
	if err != nil {
		return outcome{err: err}
	}
	return outcome{
		status: answer.Status, byOrigin: answer.Header.Get(byOrigin) != "", good: slices.Contains(good, answer.Status),
		bare: answer.Status == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") == "",
		body: answer.Body, header: answer.Header,
	}
}

var formType = []string{"application/x-www-form-urlencoded"}

func (c *Generator) form(ctx context.Context, conn *connection, path string, values url.Values) outcome {
	values.Set("client_id", c.app.ID)
	return conn.do(ctx, http.MethodPost, c.d.URL+path, http.Header{"Content-Type": formType}, values.Encode(), http.StatusOK)
}

// one does something of a kind.
func (c *Generator) one(ctx context.Context, conn *connection, kind Kind) outcome {
	m := c.people[rand.IntN(len(c.people))] //nolint:gosec // not a secret
	switch kind {
	case SignIn:
		return c.signIn(ctx, conn, m)
	case Code:
		one, out := c.connect(ctx, conn, m)
		if one != nil {
			c.put(one)
		}
		return out
	case Key:
		return conn.do(ctx, http.MethodGet, c.d.URL+"/api/v1/transactions?per_page=1", http.Header{"X-Api-Key": {m.key}}, "", http.StatusOK, http.StatusTooManyRequests)
	case Refresh, Read, Write, Revoke:
	}
	var one *grant
	select {
	case one = <-c.grants:
	default: // all are in use, or what an outage left of them
		return c.one(ctx, conn, Code)
	}
	keep := true
	defer func() {
		if keep {
			c.put(one)
		}
	}()
	if one.unsure || kind == Refresh {
		out := c.refreshed(ctx, conn, one)
		keep = !out.gone
		return out
	}
	var out outcome
	switch kind {
	case Write:
		out = c.write(ctx, conn, one)
	case Revoke:
		keep = false
		return c.revoke(ctx, conn, one)
	default:
		out = c.readWith(ctx, conn, one)
	}
	keep = !out.gone
	return out
}

// put makes a connection free for others. Beyond the capacity it is left alone.
func (c *Generator) put(one *grant) {
	select {
	case c.grants <- one:
	default:
	}
}

// signIn signs somebody in who is signed in elsewhere.
func (c *Generator) signIn(ctx context.Context, conn *connection, m *member) outcome {
	out := conn.do(ctx, http.MethodGet, c.d.URL+"/signin", http.Header{"Accept": {"text/html"}}, "", http.StatusOK)
	if !out.good {
		return out
	}
	at, err := url.Parse(c.d.URL + "/signin")
	if err != nil {
		return outcome{err: err}
	}
	form, err := (&actor.Page{Status: out.status, URL: at, Body: string(out.body)}).Form("email", "password")
	if err != nil {
		return outcome{status: out.status, err: err}
	}
	form.Fill(map[string]string{"email": m.Email, "password": m.Password})
	var cookies []string
	for _, line := range out.header.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(line, ";")
		cookies = append(cookies, pair)
	}
	header := http.Header{"Content-Type": formType, "Origin": {c.d.URL}, "Sec-Fetch-Site": {"same-origin"}, "Cookie": {strings.Join(cookies, "; ")}}
	return conn.do(ctx, http.MethodPost, c.d.URL+"/signin", header, form.Values.Encode(), http.StatusSeeOther)
}

// connect gets tokens for a person who is signed in and allowed the application
// before.
func (c *Generator) connect(ctx context.Context, conn *connection, m *member) (*grant, outcome) {
	pkce := actor.NewPKCE()
	app := &actor.App{Issuer: c.d.URL, Client: c.app, RedirectURI: callback}
	out := conn.do(ctx, http.MethodGet, app.AuthorizeURL(pkce, "read_write", "", nil), http.Header{"Cookie": {m.cookies}, "Accept": {"text/html"}}, "", http.StatusSeeOther)
	if !out.good {
		return nil, out
	}
	left, err := url.Parse(out.header.Get("Location"))
	if err != nil || left.Query().Get("code") == "" {
		if wrong := left.Query().Get("error"); wrong == "temporarily_unavailable" || wrong == "server_error" {
			status := map[string]int{"temporarily_unavailable": http.StatusServiceUnavailable, "server_error": http.StatusInternalServerError}[wrong]
			return nil, outcome{status: status}
		}
		c.lose("a sign-in", fmt.Sprintf("authorize leads to %s", left.Path))
		return nil, outcome{status: out.status, gone: true}
	}
	out = c.form(ctx, conn, "/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {left.Query().Get("code")}, "redirect_uri": {callback}, "code_verifier": {pkce.Verifier},
	})
	one := &grant{of: m}
	if !c.take(one, &out, "a code") {
		return nil, out
	}
	return one, out
}

// take reads the tokens of an answer into one.
func (c *Generator) take(one *grant, out *outcome, what string) bool {
	if out.status == http.StatusBadRequest {
		c.lose(what, string(out.body))
		out.gone = true
	}
	if !out.good {
		return false
	}
	answer := actor.Answer{Body: out.body}
	one.access, one.refresh = answer.Text("access_token"), answer.Text("refresh_token")
	return one.access != "" && one.refresh != ""
}

func (c *Generator) refreshed(ctx context.Context, conn *connection, one *grant) outcome {
	out := c.form(ctx, conn, "/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {one.refresh}})
	if c.take(one, &out, "a refresh token") {
		one.unsure = false
	} else {
		one.unsure = true
	}
	return out
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func (c *Generator) readWith(ctx context.Context, conn *connection, one *grant) outcome {
	return c.accepted(conn.do(ctx, http.MethodGet, c.d.URL+"/api/v1/transactions?per_page=10", bearer(one.access), "", http.StatusOK))
}

func (c *Generator) accepted(out outcome) outcome {
	if out.status == http.StatusUnauthorized || out.status == http.StatusForbidden {
		c.lose("an access token", string(out.body))
		out.gone = true
	}
	return out
}

func (c *Generator) write(ctx context.Context, conn *connection, one *grant) outcome {
	name := c.name()
	body, err := json.Marshal(map[string]any{"transaction": map[string]any{
		"account_id": one.of.account, "date": "2026-01-01", "amount": "-1.00", "name": name, "external_id": name,
	}})
	if err != nil {
		return outcome{err: err}
	}
	header := bearer(one.access)
	header.Set("Content-Type", "application/json")
	out := c.accepted(conn.do(ctx, http.MethodPost, c.d.URL+"/api/v1/transactions", header, string(body), http.StatusCreated))
	if out.good {
		c.written(name)
	}
	return out
}

// revoke takes back a token that was just used, and has it watched.
func (c *Generator) revoke(ctx context.Context, conn *connection, one *grant) outcome {
	c.useEverywhere(ctx, one.access)
	out := c.form(ctx, conn, "/oauth/revoke", url.Values{"token": {one.refresh}})
	if out.good {
		c.revoked(ctx, one.access, time.Now())
	}
	return out
}
