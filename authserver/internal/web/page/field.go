package page

// field is one labelled input of a form.
type field struct {
	Name, Type, Autocomplete string
	Label                    string // text key
	Hint                     string // text key; "": none
	Value                    string
	Errors                   []string
	Required, Autofocus      bool
	InputMode                string
	refused                  bool // the form was
}

// field is an input with what was filled in before. A password never comes back
// filled.
func (v *View) field(name, kind, autocomplete string) field {
	f := field{
		Name: name, Type: kind, Autocomplete: autocomplete, Label: "field." + name,
		Value: v.Fields[name], Errors: v.Errors[name], refused: v.failed(),
	}
	if kind == "password" {
		f.Value = ""
	}
	return f
}

func (f field) required() field {
	f.Required = true
	return f
}

// focused is where the person begins, unless something else was wrong.
func (f field) focused() field {
	f.Autofocus = !f.refused || len(f.Errors) > 0
	return f
}

// explained adds the hint that goes by the input's name.
func (f field) explained() field { return f.hint("hint." + f.Name) }

func (f field) hint(key string) field {
	f.Hint = key
	return f
}

func (f field) label(key string) field {
	f.Label = key
	return f
}

func (f field) numeric() field {
	f.InputMode = "numeric"
	return f
}

// fieldClass is the style of what surrounds an input.
func fieldClass(errors []string) string {
	if len(errors) > 0 {
		return "field wrong"
	}
	return "field"
}

// describedBy lists the ids of what explains the input.
func (f field) describedBy() string {
	ids := ""
	if f.Hint != "" {
		ids = f.Name + "-hint"
	}
	if len(f.Errors) > 0 {
		ids += " " + f.Name + "-error"
	}
	return ids
}

// choice is one of several radio buttons: its value, and the keys of its word
// and of the sentence under it.
type choice struct{ Value, Key, Text string }

// overlap is how long the earlier of two secrets keeps working, in hours as the
// form sends it, and the key of its word.
type overlap struct{ Hours, Key string }

var overlaps = []overlap{{"0", "client.overlap.0"}, {"1", "client.overlap.1"}, {"24", "client.overlap.24"}, {"168", "client.overlap.168"}}
