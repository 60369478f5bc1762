package api

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"latchkey/pkg/body"
	"latchkey/pkg/spelling"
	"latchkey/resourceapi"
)

func (c *call) object() (map[string]any, error) { return body.Object(c.Request, c.limits) }

// fields reads the members of a noun and collects what is wrong with them.
type fields struct {
	members    map[string]any
	asked      []string // the names of the members that were looked for
	shown      []string // the names of members that answers have: a noun may be sent back as it came
	complaints []string
}

// root returns the members under name; without them the request is malformed
// (docs/contract.md, "Errors").
func root(object map[string]any, name string) (*fields, error) {
	members, isObject := object[name].(map[string]any)
	if !isObject {
		return nil, noRoot(object, name, "an object")
	}
	return &fields{members: members}, nil
}

// noRoot says that the root of a body is missing, and what it was perhaps meant by
// (docs/contract.md, "Errors").
func noRoot(object map[string]any, name, kind string) error {
	rules := []string{name + " is missing"}
	if _, there := object[name]; there {
		rules = []string{name + " must be " + kind}
	}
	for _, sent := range slices.Sorted(maps.Keys(object)) {
		if _, near := spelling.Nearest(sent, []string{name}); near && sent != name {
			rules = append(rules, unknown(sent, []string{name}))
		}
	}
	return body.ErrEmpty.WithErrors(rules...)
}

func (c *call) root(name string) (*fields, error) {
	object, err := c.object()
	if errors.Is(err, body.ErrEmpty) {
		return nil, noRoot(nil, name, "")
	}
	if err != nil {
		return nil, err
	}
	return root(object, name)
}

// changeOf is root for a change of what answers show as an S: what cannot be
// changed is ignored.
func changeOf[S any](c *call, name string) (*fields, error) {
	f, err := c.root(name)
	if err == nil {
		f.shown = memberNames(reflect.TypeFor[S]())
	}
	return f, err
}

// memberNames are the names of the members of a shape.
func memberNames(shape reflect.Type) []string {
	var names []string
	for field := range shape.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

func (f *fields) complain(text string) { f.complaints = append(f.complaints, text) }

// value returns a member. Whoever reads a member directly says so in asked.
func (f *fields) value(name string) (any, bool) {
	f.asked = append(f.asked, name)
	v, there := f.members[name]
	return v, there
}

// strangers complains of the members that nobody looked for.
func (f *fields) strangers() []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(f.members)) {
		if !slices.Contains(f.asked, name) && !slices.Contains(f.shown, name) {
			all = append(all, unknown(name, f.asked))
		}
	}
	return all
}

// unknown complains of a name that is none of known.
func unknown(name string, known []string) string {
	if len(name) > maxNamed {
		return strings.ToValidUTF8(name[:maxNamed], "") + "… is not known here"
	}
	if meant, near := spelling.Nearest(name, known); near {
		return name + " is not known here: " + meant + " is"
	}
	return name + " is not known here"
}

// maxNamed is how many bytes of an unknown name an answer repeats.
const maxNamed = 64

// broken returns the complaints, then further rules, then what is not known, each
// once. A member that could not be read is not reported as blank too.
func (f *fields) broken(further ...string) []string {
	var all []string
	for _, rule := range slices.Concat(f.complaints, further, f.strangers()) {
		label, blank := strings.CutSuffix(rule, " can't be blank")
		unread := func(said string) bool { return blank && strings.HasPrefix(said, label+" ") }
		if !slices.Contains(all, rule) && !slices.ContainsFunc(all, unread) {
			all = append(all, rule)
		}
	}
	return all
}

func (f *fields) has(name string) bool { _, there := f.members[name]; return there }

// text reads a string. Null is the empty string.
func (f *fields) text(name, label string) resourceapi.Field[string] {
	v, there := f.value(name)
	if !there {
		return resourceapi.Field[string]{}
	}
	if v == nil {
		return resourceapi.Given("")
	}
	s, isText := v.(string)
	switch {
	case !isText:
		f.complain(label + " must be a string")
	case strings.ContainsRune(s, 0):
		f.complain(label + " holds a character that is not allowed")
		s = ""
	}
	return resourceapi.Given(s)
}

// pointer is text as the address of its value, nil when it is absent.
func (f *fields) pointer(name, label string) *string {
	t := f.text(name, label)
	if !t.Set {
		return nil
	}
	return &t.Value
}

// number reads a decimal number as its text, also out of a string. Null and
// blank count as absent.
func (f *fields) number(name, label string) resourceapi.Field[string] {
	sent, _ := f.value(name)
	switch v := sent.(type) {
	case nil:
	case json.Number:
		return resourceapi.Given(v.String())
	case string:
		if v = strings.TrimSpace(v); v != "" {
			return resourceapi.Given(v)
		}
	default:
		f.complain(label + " is not a number")
	}
	return resourceapi.Field[string]{}
}

// date reads a day. Null and blank count as absent.
func (f *fields) date(name, label string) resourceapi.Field[resourceapi.Date] {
	var none resourceapi.Field[resourceapi.Date]
	sent, _ := f.value(name)
	switch v := sent.(type) {
	case nil:
	case string:
		if v == "" {
			return none
		}
		d, err := resourceapi.ParseDate(v)
		if err == nil {
			return resourceapi.Given(d)
		}
		f.complain(label + " " + err.Error())
	default:
		f.complain(label + " " + resourceapi.ErrDate.Error())
	}
	return none
}

// list reads an array of strings. Null is the empty list; blank members, which
// forms send, are left out.
func (f *fields) list(name, label string) resourceapi.Field[[]string] {
	v, there := f.value(name)
	if !there {
		return resourceapi.Field[[]string]{}
	}
	items, isList := v.([]any)
	if !isList && v != nil && v != "" {
		f.complain(label + " must be a list of ids")
	}
	texts := make([]string, 0, len(items))
	for _, item := range items {
		s, isText := item.(string)
		if !isText {
			f.complain(label + " must be a list of ids")
			break
		}
		if s != "" {
			texts = append(texts, s)
		}
	}
	return resourceapi.Given(texts)
}

// truth reads a boolean, also out of a string; absent is false.
func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v == "true" || v == "1"
	}
	return false
}

// refuse returns the complaints, and then further ones, as one 422; nil when
// there are none.
func (f *fields) refuse(message string, further ...string) error {
	all := f.broken(further...)
	if len(all) == 0 {
		return nil
	}
	return resourceapi.Refuse(message, all...)
}
