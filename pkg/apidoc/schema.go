package apidoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	jsonKind = "application/json"
	formKind = "application/x-www-form-urlencoded"
)

// row is one member of a body.
type row struct {
	Name, Type, Text string // Name is a path: transaction.amount, accounts[].id
	Required         bool
}

// deepest is how many objects within objects are shown.
const deepest = 4

// rows are the members of a schema and of the objects in it.
func (d *description) rows(schema *node, prefix string, depth int) []row {
	schema = d.alternative(schema)
	if schema.get("type").str() == "array" {
		return d.rows(schema.get("items"), prefix+"[].", depth)
	}
	if depth > deepest {
		return nil
	}
	required := schema.get("required").texts()
	var all []row
	for _, m := range schema.get("properties").object() {
		property := d.alternative(m.value)
		all = append(all, row{
			Name: prefix + m.name, Type: d.typeOf(m.value), Text: d.follow(m.value).get("description").line(), Required: slices.Contains(required, m.name),
		})
		within := d.rows(property, prefix+m.name+".", depth+1)
		if property.get("type").str() == "array" {
			within = d.rows(property.get("items"), prefix+m.name+"[].", depth+1)
		}
		all = append(all, within...)
	}
	return all
}

// alternative is the schema that a value has that is there: of several the first that
// is not null.
func (d *description) alternative(schema *node) *node {
	schema = d.follow(schema)
	for _, several := range []string{"oneOf", "anyOf"} {
		for _, one := range schema.get(several).list() {
			if one = d.follow(one); one.get("type").str() != "null" && (one.get("type") != nil || one.get("properties") != nil || one.get("oneOf") != nil) {
				return one
			}
		}
	}
	return schema
}

// typeOf says what a value may be, as JSON Schema does: uuid, string | null, income |
// expense, uuid[].
func (d *description) typeOf(schema *node) string {
	schema = d.follow(schema)
	if c := schema.get("const"); c != nil {
		return c.json("")
	}
	var parts []string
	if list := schema.get("enum").list(); len(list) > 0 {
		for _, one := range list {
			if s, is := one.scalar.(string); is && s != "" {
				parts = append(parts, s)
			} else {
				parts = append(parts, one.json(""))
			}
		}
		return strings.Join(parts, " | ")
	}
	for _, several := range []string{"oneOf", "anyOf"} {
		for _, one := range schema.get(several).list() {
			if t := d.typeOf(one); t != "" && !slices.Contains(parts, t) {
				parts = append(parts, t)
			}
		}
	}
	for _, t := range schema.get("type").texts() {
		switch format := schema.get("format").str(); {
		case t == "array":
			t = d.typeOf(schema.get("items")) + "[]"
		case t == "string" && format != "":
			t = format
		}
		parts = append(parts, t)
	}
	return strings.Join(parts, " | ")
}

// Values of examples by format.
var formats = map[string]string{
	"uuid": "0b6ff7c4-3a70-4d2c-8a54-6f0e7c2b9d11", "date": "2026-03-14", "date-time": "2026-03-14T09:26:53Z", "uri": "https://app.example.com", "binary": "…",
}

var credentialPattern = regexp.MustCompile(`^\^([a-z]{3}_)`)

// example is a value of the schema as an answer might have it.
func (d *description) example(schema *node, name string, depth int) *node {
	schema = d.follow(schema)
	for _, given := range []*node{schema.get("example"), schema.get("const")} {
		if given != nil {
			return given
		}
	}
	schema = d.alternative(schema)
	if given := schema.get("example"); given != nil {
		return given
	}
	for _, one := range schema.get("enum").list() {
		return one
	}
	types := schema.get("type").texts()
	switch {
	case slices.Contains(types, "null"):
		return &node{}
	case slices.Contains(types, "object") || schema.get("properties") != nil:
		n := &node{kind: objectKind}
		for _, m := range schema.get("properties").object() {
			if depth <= deepest {
				n.members = append(n.members, member{m.name, d.example(m.value, m.name, depth+1)})
			}
		}
		return n
	case slices.Contains(types, "array"):
		return &node{kind: listKind, items: []*node{d.example(schema.get("items"), name, depth+1)}}
	case slices.Contains(types, "integer"):
		return &node{scalar: 1}
	case slices.Contains(types, "boolean"):
		return &node{scalar: false}
	}
	if value := formats[schema.get("format").str()]; value != "" {
		return text(value)
	}
	if prefix := credentialPattern.FindStringSubmatch(schema.get("pattern").str()); prefix != nil {
		return text(prefix[1] + "…")
	}
	return text("…")
}

// sampled is what x-sample says: a value, or $NAME for what the environment holds.
func sampled(n *node) *node {
	if name, found := strings.CutPrefix(n.str(), "$"); found {
		return &node{variable: name}
	}
	return n
}

// sample is a value that samples send: what is required, and what says so.
func (d *description) sample(schema *node, name string, depth int) *node {
	schema = d.follow(schema)
	if given := sampled(schema.get("x-sample")); given != nil {
		return given
	}
	properties := schema.get("properties").object()
	if len(properties) == 0 {
		if items := schema.get("items"); items != nil && depth <= deepest {
			return &node{kind: listKind, items: []*node{d.sample(items, name, depth+1)}}
		}
		return d.example(schema, name, depth)
	}
	required := schema.get("required").texts()
	n := &node{kind: objectKind}
	for _, m := range properties {
		if property := d.follow(m.value); slices.Contains(required, m.name) || property.get("x-sample") != nil {
			n.members = append(n.members, member{m.name, d.sample(property, m.name, depth+1)})
		}
	}
	return n
}

// json is the value as JSON, indented; a variable stands there as $NAME, as jq has it.
func (n *node) json(indent string) string {
	if n == nil {
		return ""
	}
	deeper := indent + "  "
	switch n.kind {
	case objectKind:
		if len(n.members) == 0 {
			return "{}"
		}
		var parts []string
		for _, m := range n.members {
			parts = append(parts, deeper+quoted(m.name)+": "+m.value.json(deeper))
		}
		return "{\n" + strings.Join(parts, ",\n") + "\n" + indent + "}"
	case listKind:
		if len(n.items) == 0 {
			return "[]"
		}
		var parts []string
		for _, one := range n.items {
			parts = append(parts, deeper+one.json(deeper))
		}
		return "[\n" + strings.Join(parts, ",\n") + "\n" + indent + "]"
	default:
		if n.variable != "" {
			return "$" + n.variable
		}
		return quoted(n.scalar)
	}
}

// quoted is a scalar as JSON has it.
func quoted(value any) string {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if err := out.Encode(value); err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(value))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
