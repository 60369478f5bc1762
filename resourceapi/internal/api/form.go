package api

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"latchkey/pkg/fault"
)

const maxFormDepth = 4

// parseForm reads a form whose names are nested as Rails nests them: a[b]=1 is
// {"a": {"b": "1"}}, a[b][]=1 is {"a": {"b": ["1"]}}. Every value is a string.
func parseForm(text string) (map[string]any, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, fault.Wrap(fault.Malformed, err, "The form is malformed")
	}
	body := map[string]any{}
	for name, list := range values {
		path, valid := formPath(name)
		if !valid {
			return nil, fault.New(fault.Malformed, "The form is malformed")
		}
		for _, v := range list {
			if !utf8.ValidString(v) {
				return nil, fault.New(fault.Malformed, "The request body is not valid UTF-8")
			}
			if !put(body, path, v) {
				return nil, fault.New(fault.Malformed, "The form is malformed")
			}
		}
	}
	return body, nil
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
