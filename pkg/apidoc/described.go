package apidoc

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// description is what the pages show of an API.
type description struct {
	root     *node
	title    string
	summary  string
	intro    []string // paragraphs
	sections []section
	byID     map[string]*operation
}

// section is the operations of one tag.
type section struct {
	Name, Text string
	Operations []*operation
}

// id is the section's place on the page of all routes.
func (s section) id() string { return sectionID(s.Name) }

func sectionID(tag string) string { return "tag-" + strings.ReplaceAll(tag, " ", "-") }

// operation is one route.
type operation struct {
	Method, Path, ID, Summary string
	Text                      []string // paragraphs
	Tag                       string
	Parameters                []parameter
	Credentials               []credential // any of them; none: the route is open
	Optional                  bool         // of the credentials
	Scope                     string       // "": none is asked for
	Body                      *body        // nil: none
	Answers                   []answer     // that are no errors
	Errors                    []refusal
	Browser                   string // why no program sends it; "": programs do
	found                     string // what a search looks at, in small letters
	next, previous            *operation
}

type parameter struct {
	Name, In, Text string
	Required       bool
	Type           string
	schema         *node
	sample         *node // what samples send; nil: it is left out
}

// credential is one way to say who asks.
type credential struct {
	Name, Scheme, Header, Text, Variable string
}

// basicScheme is HTTP Basic, with which clients authenticate.
const basicScheme = "basic"

type body struct {
	Kind     string // media type
	Others   []string
	Required bool
	Rows     []row
	sample   *node
	files    map[string]string // media types of the members that are files
}

type answer struct {
	Status, Text, Kind string
	Rows               []row
	Example            string // JSON; "": it has none
}

// refusal is one error that a route may answer with.
type refusal struct{ Status, Code, Text string }

var methods = []string{"get", "post", "put", "patch", "delete"}

// describe reads the parts of a description that pages show.
func describe(raw []byte) (*description, error) {
	root, err := readTree(raw)
	if err != nil {
		return nil, err
	}
	d := &description{root: root, title: root.get("info", "title").str(), summary: root.get("info", "summary").str(), byID: map[string]*operation{}}
	d.intro = paragraphs(root.get("info", "description").str())
	at := map[string]int{}
	for i, t := range root.get("tags").list() {
		at[t.get("name").str()] = i
		d.sections = append(d.sections, section{Name: t.get("name").str(), Text: t.get("description").line()})
	}
	for _, path := range root.get("paths").object() {
		for _, method := range methods {
			if path.value.get(method) == nil {
				continue
			}
			op, err := d.operation(strings.ToUpper(method), path.name, path.value)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path.name, err)
			}
			i, known := at[op.Tag]
			if !known {
				return nil, fmt.Errorf("%s: the tag %q is not described", op.ID, op.Tag)
			}
			d.sections[i].Operations = append(d.sections[i].Operations, op)
			d.byID[op.ID] = op
		}
	}
	d.chain()
	return d, nil
}

// chain gives each operation the one before and after it.
func (d *description) chain() {
	var last *operation
	for _, s := range d.sections {
		for _, op := range s.Operations {
			if op.previous = last; last != nil {
				last.next = op
			}
			last = op
		}
	}
}

func paragraphs(text string) []string {
	var all []string
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if part = strings.Join(strings.Fields(part), " "); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// follow is what a reference stands for, or n itself.
func (d *description) follow(n *node) *node {
	for range 8 {
		ref, found := strings.CutPrefix(n.get("$ref").str(), "#/")
		if !found {
			return n
		}
		n = d.root.get(strings.Split(ref, "/")...)
	}
	return n
}

var operationID = regexp.MustCompile(`^[A-Za-z]+$`)

func (d *description) operation(method, path string, item *node) (*operation, error) {
	n := item.get(strings.ToLower(method))
	tags := n.get("tags").list()
	op := &operation{
		Method: method, Path: path, ID: n.get("operationId").str(), Summary: n.get("summary").line(),
		Text: paragraphs(n.get("description").str()), Browser: n.get("x-browser").line(),
	}
	if len(tags) == 0 || !operationID.MatchString(op.ID) || d.byID[op.ID] != nil {
		return nil, fmt.Errorf("no tag, or no operationId of its own: %q", op.ID)
	}
	op.Tag = tags[0].str()
	for _, list := range []*node{item.get("parameters"), n.get("parameters")} {
		for _, one := range list.list() {
			op.Parameters = append(op.Parameters, d.parameter(path, d.follow(one)))
		}
	}
	security := n.get("security")
	if security == nil {
		security = d.root.get("security")
	}
	d.credentials(op, security)
	op.Body = d.body(d.follow(n.get("requestBody")))
	if own := n.get("x-errors"); own != nil {
		op.Errors = refusals(op, "", n)
	}
	d.answers(op, n.get("responses"))
	slices.SortStableFunc(op.Errors, func(a, b refusal) int { return strings.Compare(a.Status, b.Status) })
	op.found = searchable(op)
	return op, nil
}

func (d *description) parameter(path string, n *node) parameter {
	schema := d.follow(n.get("schema"))
	p := parameter{
		Name: n.get("name").str(), In: n.get("in").str(), Text: n.get("description").line(), Required: n.get("required").yes(),
		Type: d.typeOf(schema), schema: schema, sample: sampled(n.get("x-sample")),
	}
	if p.sample == nil && p.Required {
		if p.In == "path" {
			p.sample = &node{variable: pathVariable(path)}
		} else {
			p.sample = d.example(schema, p.Name, 0)
		}
	}
	return p
}

// pathVariable names what {id} of a path is an id of: ACCOUNT_ID of /accounts/{id}.
func pathVariable(path string) string {
	before, _, _ := strings.Cut(path, "/{")
	name := before[strings.LastIndexByte(before, '/')+1:]
	if stem, found := strings.CutSuffix(name, "ies"); found {
		name = stem + "y"
	} else {
		name = strings.TrimSuffix(name, "s")
	}
	return strings.ToUpper(name) + "_ID"
}

// credentials are the ways of the list; an empty one of them makes all optional.
func (d *description) credentials(op *operation, list *node) {
	for _, way := range list.list() {
		if len(way.object()) == 0 {
			op.Optional = true
			continue
		}
		m := way.members[0]
		scheme := d.root.get("components", "securitySchemes", m.name)
		c := credential{
			Name: m.name, Scheme: scheme.get("scheme").str(), Header: scheme.get("name").str(),
			Text: scheme.get("description").line(), Variable: strings.TrimPrefix(scheme.get("x-sample").str(), "$"),
		}
		op.Credentials = append(op.Credentials, c)
		if scopes := m.value.texts(); len(scopes) > 0 {
			op.Scope = scopes[0]
		}
	}
}

// body is the form that samples send: JSON where it is taken.
func (d *description) body(n *node) *body {
	content := n.get("content").object()
	if len(content) == 0 {
		return nil
	}
	b := &body{Kind: content[0].name, Required: n.get("required").yes()}
	for _, other := range content[1:] {
		b.Others = append(b.Others, other.name)
	}
	schema := d.follow(content[0].value.get("schema"))
	b.Rows = d.rows(schema, "", 0)
	b.sample, b.files = d.sample(schema, "", 0), map[string]string{}
	for _, m := range content[0].value.get("encoding").object() {
		b.files[m.name] = m.value.get("contentType").str()
	}
	return b
}

func (d *description) answers(op *operation, responses *node) {
	for _, r := range responses.object() {
		n := d.follow(r.value)
		if r.name[0] == '4' || r.name[0] == '5' {
			op.Errors = append(op.Errors, refusals(op, r.name, n)...)
			continue
		}
		a := answer{Status: r.name, Text: n.get("description").line()}
		if content := n.get("content").object(); len(content) > 0 {
			a.Kind = content[0].name
			if schema := d.follow(content[0].value.get("schema")); a.Kind == jsonKind {
				a.Rows = d.rows(schema, "", 0)
				a.Example = d.example(schema, "", 0).json("")
			}
		}
		op.Answers = append(op.Answers, a)
	}
}

// refusals are the errors that a response stands for, as far as they concern the
// operation.
func refusals(op *operation, status string, n *node) []refusal {
	list := n.get("x-errors").list()
	if len(list) == 0 {
		return []refusal{{Status: strings.ToLower(status), Text: n.get("description").line()}}
	}
	hasPath := false
	for _, p := range op.Parameters {
		hasPath = hasPath || p.In == "path"
	}
	applies := map[string]bool{
		"": true, "credential": len(op.Credentials) > 0, "scope": op.Scope != "", "path": hasPath, "body": op.Body != nil,
		"parameters": len(op.Parameters) > 0 || op.Body != nil,
	}
	var all []refusal
	for _, one := range list {
		if applies[one.get("for").str()] {
			all = append(all, refusal{Status: fmt.Sprint(one.get("status").scalar), Code: one.get("error").str(), Text: one.get("when").line()})
		}
	}
	return all
}
