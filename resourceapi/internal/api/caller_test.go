package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// result is an answer, read.
type result struct {
	status int
	header http.Header
	raw    []byte
	t      *testing.T
}

// do sends a request. A body that is a string goes as it is, any other as JSON;
// pairs are header names and values.
func (c *caller) do(method, path string, body any, pairs ...string) result {
	c.s.t.Helper()
	var payload io.Reader
	var sent []byte
	switch b := body.(type) {
	case nil:
	case string:
		sent, payload = []byte(b), strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			c.s.t.Fatal(err)
		}
		sent, payload = raw, bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, c.s.url+path, payload)
	if err != nil {
		c.s.t.Fatal(err)
	}
	for k, v := range c.header {
		req.Header[k] = v
	}
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		req.Header.Set(pairs[i], pairs[i+1])
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.s.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.s.t.Fatal(err)
	}
	conforms(c.s.t, req, sent, res, raw)
	return result{res.StatusCode, res.Header, raw, c.s.t}
}

func (c *caller) get(path string) result { return c.do(http.MethodGet, path, nil) }

// want fails the test unless the status is as given.
func (r result) want(status int) result {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.raw)
	}
	return r
}

// at walks the answer: a name goes into an object, a number into a list.
func (r result) at(path ...any) any {
	r.t.Helper()
	var v any
	dec := json.NewDecoder(bytes.NewReader(r.raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		r.t.Fatalf("%v: %s", err, r.raw)
	}
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s >= len(l) {
				r.t.Fatalf("no member %d in %s", s, r.raw)
			}
			v = l[s]
		}
	}
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	return v
}

func (r result) text(path ...any) string {
	r.t.Helper()
	s, ok := r.at(path...).(string)
	if !ok {
		r.t.Fatalf("%v is no text in %s", path, r.raw)
	}
	return s
}

func (r result) length(path ...any) int {
	r.t.Helper()
	l, ok := r.at(path...).([]any)
	if !ok {
		r.t.Fatalf("%v is no list in %s", path, r.raw)
	}
	return len(l)
}

// refuses fails the test unless the answer is an error of that status and code,
// whose message or list of rules holds part.
func (r result) refuses(status int, code, part string) result {
	r.t.Helper()
	r.want(status)
	if got := r.at("error"); got != code {
		r.t.Errorf("error %v, want %s: %s", got, code, r.raw)
	}
	if !strings.Contains(string(r.raw), part) {
		r.t.Errorf("no %q in %s", part, r.raw)
	}
	return r
}

type object = map[string]any

// cash returns the id of the family's first account.
func (c *caller) cash() string {
	c.s.t.Helper()
	return c.get("/api/v1/accounts").want(200).text("accounts", 0, "id")
}

// spend creates a transaction and returns its id.
func (c *caller) spend(account string, more object) string {
	c.s.t.Helper()
	t := object{"account_id": account, "date": "2026-01-15", "amount": "12.50", "name": "Coffee"}
	for k, v := range more {
		t[k] = v
	}
	return c.do("POST", "/api/v1/transactions", object{"transaction": t}).want(201).text("id")
}
