package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/secret"
)

// answer is what one of our endpoints answered to a step of a test run.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// send asks an endpoint of ours, in this process: no address of anybody else is called.
func (t *testRun) send(ctx context.Context, method, target string, form url.Values, change func(r *http.Request)) *answer {
	got := &answer{header: http.Header{}}
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		got.status = http.StatusBadRequest
		return got
	}
	r.RemoteAddr, r.Host, r.RequestURI = t.from.RemoteAddr, t.from.Host, r.URL.RequestURI()
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	change(r)
	t.endpoints.ServeHTTP(got, r)
	return got
}

// keep remembers the tokens of an answer, for the next step.
func (t *testRun) keep(a *answer) {
	var tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if a.status == http.StatusOK && json.Unmarshal(a.body.Bytes(), &tokens) == nil {
		t.tokens.access, t.tokens.refresh = tokens.Access, tokens.Refresh
	}
}

// Headers of answers that a developer looks at.
var shownHeaders = []string{"Location", "Www-Authenticate", "Retry-After"}

const maxShown = 1500 // bytes of an answer

// note adds a step, without its secrets.
func (t *testRun) note(key, request string, a *answer, ok bool) {
	var shown strings.Builder
	shown.WriteString(strconv.Itoa(a.status) + " " + http.StatusText(a.status))
	for _, name := range shownHeaders {
		if value := a.header.Get(name); value != "" {
			shown.WriteString("\n" + name + ": " + value)
		}
	}
	if body := a.body.Bytes(); strings.HasPrefix(a.header.Get("Content-Type"), "application/json") && len(body) > 0 {
		var pretty bytes.Buffer
		if json.Indent(&pretty, body, "", "  ") == nil {
			body = pretty.Bytes()
		}
		shown.WriteString("\n\n" + string(body))
	}
	text := t.conceal(shown.String())
	t.steps = append(t.steps, page.RunStep{Key: key, Request: t.conceal(request), Answer: strings.ToValidUTF8(text[:min(len(text), maxShown)], ""), OK: ok})
}

var anySecret = regexp.MustCompile(secret.Pattern)

// conceal leaves of each secret its kind and its last four characters.
func (t *testRun) conceal(text string) string {
	for _, sent := range []string{t.secret, url.QueryEscape(t.secret)} {
		if sent != "" {
			text = strings.ReplaceAll(text, sent, lastFour(sent))
		}
	}
	return anySecret.ReplaceAllStringFunc(text, func(found string) string { return found[:len("oat_")] + lastFour(found) })
}

func lastFour(text string) string {
	if len(text) < 12 {
		return "…"
	}
	return "…" + text[len(text)-4:]
}
