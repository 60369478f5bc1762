package web

import (
	"fmt"
	"strings"
)

// field is one labelled input of a form.
type field struct {
	Name, Type, Autocomplete string
	Label                    string // text key
	Hint                     string // text key; "": none
	Value                    string
	Errors                   []string
	Required, Autofocus      bool
	InputMode                string
}

// newField is the template function field: name, type and autocomplete, then
// options: "required", "autofocus", "hint", "hint=key", "numeric",
// "label=key". A password
// never comes back filled.
func newField(v *view, name, kind, autocomplete string, options ...string) (field, error) {
	f := field{
		Name: name, Type: kind, Autocomplete: autocomplete, Label: "field." + name,
		Value: v.Fields[name], Errors: v.Errors[name],
	}
	if kind == "password" {
		f.Value = ""
	}
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		switch name {
		case "required":
			f.Required = true
		case "autofocus":
			f.Autofocus = !v.Failed() || len(f.Errors) > 0
		case "hint":
			if f.Hint = value; value == "" {
				f.Hint = "hint." + f.Name
			}
		case "numeric":
			f.InputMode = "numeric"
		case "label":
			f.Label = value
		default:
			return f, fmt.Errorf("web: unknown field option %q", option)
		}
	}
	return f, nil
}

// DescribedBy lists the ids of what explains the input.
func (f field) DescribedBy() string {
	ids := ""
	if f.Hint != "" {
		ids = f.Name + "-hint"
	}
	if len(f.Errors) > 0 {
		ids += " " + f.Name + "-error"
	}
	return ids
}
