package api

import (
	"encoding/json"
	"slices"
	"strings"

	"latchkey/pkg/body"
	"latchkey/resourceapi"
)

// errNoRoot is what a request without its root is told (docs/contract.md, "Errors").
var errNoRoot = body.ErrEmpty

func (c *call) object() (map[string]any, error) { return body.Object(c.Request, c.limit) }

// fields reads the members of a noun and collects what is wrong with them.
type fields struct {
	members    map[string]any
	complaints []string
}

// root returns the members under name; without them the request is malformed
// (docs/contract.md, "Errors").
func root(object map[string]any, name string) (*fields, error) {
	members, isObject := object[name].(map[string]any)
	if !isObject {
		return nil, errNoRoot
	}
	return &fields{members: members}, nil
}

func (c *call) root(name string) (*fields, error) {
	object, err := c.object()
	if err != nil {
		return nil, err
	}
	return root(object, name)
}

func (f *fields) complain(text string) { f.complaints = append(f.complaints, text) }

// broken returns the complaints and then further rules, each once. A member that
// could not be read is not reported as blank too.
func (f *fields) broken(further ...string) []string {
	var all []string
	for _, rule := range slices.Concat(f.complaints, further) {
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
	v, there := f.members[name]
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
	switch v := f.members[name].(type) {
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
	switch v := f.members[name].(type) {
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
	v, there := f.members[name]
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
