package apidoc

import (
	"net/url"
	"slices"
	"strings"
)

// sample is a program that calls a route.
type sample struct{ Name, Text string }

// call is a request as samples send it. What is secret or the caller's own comes from
// the environment.
type call struct {
	method    string
	url       []part
	query     []member
	auth      *credential // nil: none
	body      *body       // nil: none
	redirect  bool        // the answer sends the browser elsewhere
	empty     bool        // the answer has no body
	variables []string
}

// part is a piece of an address: its text, or a variable of the environment.
type part struct{ literal, variable string }

// addressQuote keeps an address within quotes of a shell, of Python and of JavaScript.
var addressQuote = strings.NewReplacer(`"`, "%22", `'`, "%27", "`", "%60", `\`, "%5C", "$", "%24", "{", "%7B", "}", "%7D", "\n", "")

func newCall(op *operation, server string) *call {
	c := &call{method: op.Method, body: op.Body}
	rest := op.Path
	c.url = []part{{literal: addressQuote.Replace(server)}}
	for _, p := range op.Parameters {
		switch {
		case p.sample == nil:
		case p.In == "path":
			before, after, _ := strings.Cut(rest, "{"+p.Name+"}")
			c.url = append(c.url, part{literal: before}, part{variable: p.sample.variable})
			rest = after
		case p.In == "query":
			c.query = append(c.query, member{p.Name, p.sample})
		}
	}
	c.url = append(c.url, part{literal: rest})
	if len(op.Credentials) > 0 && (op.Credentials[0].Scheme == basicScheme || op.Credentials[0].Variable != "") {
		c.auth = &op.Credentials[0]
	}
	if len(op.Answers) > 0 {
		c.redirect, c.empty = op.Answers[len(op.Answers)-1].Status[0] == '3', op.Answers[0].Kind != jsonKind
	}
	c.collect()
	return c
}

// collect notes the variables in the order in which samples name them.
func (c *call) collect() {
	add := func(name string) {
		if name != "" && !slices.Contains(c.variables, name) {
			c.variables = append(c.variables, name)
		}
	}
	if c.auth != nil {
		for _, name := range c.auth.variables() {
			add(name)
		}
	}
	for _, p := range c.url {
		add(p.variable)
	}
	for _, m := range c.query {
		add(m.value.variable)
	}
	if c.body != nil {
		c.body.sample.each(func(n *node) { add(n.variable) })
	}
}

// variables are those that hold the credential.
func (c *credential) variables() []string {
	if c.Scheme == basicScheme {
		return []string{"CLIENT_ID", "CLIENT_SECRET"}
	}
	return []string{c.Variable}
}

// each calls visit with every scalar of n.
func (n *node) each(visit func(n *node)) {
	if n == nil {
		return
	}
	for _, m := range n.members {
		m.value.each(visit)
	}
	for _, one := range n.items {
		one.each(visit)
	}
	if n.kind == scalarKind {
		visit(n)
	}
}

// samples are the same call in three languages.
func (c *call) samples() []sample {
	return []sample{{"curl", c.curl()}, {"Python", c.python()}, {"JavaScript", c.javascript()}}
}

// fixed reports whether the query can be part of the address as it stands.
func (c *call) fixed() bool {
	return len(c.query) < 3 && !slices.ContainsFunc(c.query, func(m member) bool { return m.value.variable != "" })
}

// address is the URL with the query where that is fixed.
func (c *call) address() []part {
	if len(c.query) == 0 || !c.fixed() {
		return c.url
	}
	var pairs []string
	for _, m := range c.query {
		pairs = append(pairs, url.QueryEscape(m.name)+"="+url.QueryEscape(m.value.plain()))
	}
	return append(slices.Clone(c.url), part{literal: "?" + strings.Join(pairs, "&")})
}

// plain is a scalar as a query or a form has it.
func (n *node) plain() string {
	if s, is := n.scalar.(string); is {
		return s
	}
	return quoted(n.scalar)
}
