package apidoc

import "strings"

// pythonString is an address as a string of Python.
func pythonString(parts []part) string {
	var pieces []string
	literal := ""
	for _, p := range parts {
		if p.variable == "" {
			literal += p.literal
			continue
		}
		pieces = append(pieces, quoted(literal), `os.environ["`+p.variable+`"]`)
		literal = ""
	}
	if literal != "" || len(pieces) == 0 {
		pieces = append(pieces, quoted(literal))
	}
	return strings.Join(pieces, " + ")
}

// pythonValue is a value as Python writes it.
func pythonValue(n *node, indent string) string {
	deeper := indent + "    "
	var parts []string
	switch {
	case n.kind == objectKind:
		for _, m := range n.members {
			parts = append(parts, deeper+quoted(m.name)+": "+pythonValue(m.value, deeper)+",\n")
		}
		if len(parts) == 0 {
			return "{}"
		}
		return "{\n" + strings.Join(parts, "") + indent + "}"
	case n.kind == listKind:
		for _, one := range n.items {
			parts = append(parts, pythonValue(one, indent))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case n.variable != "":
		return `os.environ["` + n.variable + `"]`
	}
	switch n.scalar {
	case nil:
		return "None"
	case true:
		return "True"
	case false:
		return "False"
	}
	return quoted(n.scalar)
}

// python is the call with the library requests.
func (c *call) python() string {
	var b strings.Builder
	if len(c.variables) > 0 {
		b.WriteString("import os\n")
	}
	b.WriteString("import requests\n\nanswer = requests." + strings.ToLower(c.method) + "(\n    " + pythonString(c.address()) + ",\n")
	if !c.fixed() {
		b.WriteString("    params=" + pythonValue(&node{kind: objectKind, members: c.query}, "    ") + ",\n")
	}
	if c.auth != nil {
		b.WriteString("    " + c.auth.python() + ",\n")
	}
	if c.body != nil {
		b.WriteString("    " + c.pythonBody() + ",\n")
	}
	if c.redirect {
		b.WriteString("    allow_redirects=False,\n")
	}
	b.WriteString("    timeout=10,\n)\nanswer.raise_for_status()\n")
	switch {
	case c.redirect:
		b.WriteString(`print(answer.headers["Location"])`)
	case c.empty:
		b.WriteString("print(answer.status_code)")
	default:
		b.WriteString("print(answer.json())")
	}
	return b.String()
}

func (c *credential) python() string {
	switch {
	case c.Scheme == basicScheme:
		return `auth=(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])`
	case c.Header != "":
		return `headers={"` + c.Header + `": os.environ["` + c.Variable + `"]}`
	}
	return `headers={"Authorization": "Bearer " + os.environ["` + c.Variable + `"]}`
}

func (c *call) pythonBody() string {
	switch c.body.Kind {
	case formKind:
		return "data=" + pythonValue(c.body.sample, "    ")
	case jsonKind:
		return "json=" + pythonValue(c.body.sample, "    ")
	default:
		var parts []string
		for _, m := range c.body.sample.object() {
			name := quoted(m.value.plain())
			parts = append(parts, quoted(m.name)+": ("+name+", open("+name+`, "rb"), `+quoted(c.body.files[m.name])+")")
		}
		return "files={" + strings.Join(parts, ", ") + "}"
	}
}
