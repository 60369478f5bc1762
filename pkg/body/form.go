package body

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"latchkey/pkg/fault"
)

const maxFormDepth = 4

var errForm = fault.New(fault.Malformed, "The form is malformed")

// parseForm reads a form whose names are nested as Rails nests them: a[b]=1 is
// {"a": {"b": "1"}}, a[b][]=1 is {"a": {"b": ["1"]}}. Every value is a string.
// once refuses a name that comes twice and is no list.
func parseForm(text string, once bool) (map[string]any, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, errForm // the parser's own words quote the body
	}
	object := map[string]any{}
	for name, list := range values {
		path, valid := formPath(name)
		if !valid || once && len(list) > 1 && path[len(path)-1] != "" {
			return nil, errForm
		}
		for _, v := range list {
			if !utf8.ValidString(v) {
				return nil, errUTF8
			}
			if !put(object, path, v) {
				return nil, errForm
			}
		}
	}
	return object, nil
}

// formPath splits a[b][] into a, b and the empty string.
func formPath(name string) ([]string, bool) {
	head, rest, nested := strings.Cut(name, "[")
	path := []string{head}
	if !nested {
		return path, head != ""
	}
	if !strings.HasSuffix(rest, "]") {
		return nil, false
	}
	path = append(path, strings.Split(strings.TrimSuffix(rest, "]"), "][")...)
	for i, part := range path {
		if strings.ContainsAny(part, "[]") || part == "" && i != len(path)-1 {
			return nil, false
		}
	}
	return path, len(path) <= maxFormDepth
}

func put(into map[string]any, path []string, value string) bool {
	name := path[0]
	switch {
	case len(path) == 1:
		switch into[name].(type) {
		case map[string]any, []any:
			return false
		}
		into[name] = value
	case len(path) == 2 && path[1] == "":
		list, isList := into[name].([]any)
		if into[name] != nil && !isList {
			return false
		}
		into[name] = append(list, value)
	default:
		next, isObject := into[name].(map[string]any)
		if into[name] == nil {
			next, isObject = map[string]any{}, true
			into[name] = next
		}
		return isObject && put(next, path[1:], value)
	}
	return true
}
