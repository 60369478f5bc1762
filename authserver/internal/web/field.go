package web

import "fmt"

// field is one labelled input of a form.
type field struct {
	Name, Type, Autocomplete string
	Label                    string // text key
	Hint                     string // text key; "": none
	Value                    string
	Errors                   []string
	Required, Autofocus      bool
	InputMode                string
	Pattern                  string
}

// newField is the template function field: name, type and autocomplete, then
// options: "required", "autofocus", "hint", "numeric", "label=key". A password
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
		switch option {
		case "required":
			f.Required = true
		case "autofocus":
			f.Autofocus = !v.Failed() || len(f.Errors) > 0
		case "hint":
			f.Hint = "hint." + name
		case "numeric":
			f.InputMode = "numeric"
		default:
			if len(option) > 6 && option[:6] == "label=" {
				f.Label = option[6:]
				continue
			}
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
