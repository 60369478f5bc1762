package apidoc

import (
	"regexp"
	"strings"
)

// scriptString is an address as a string of JavaScript.
func scriptString(parts []part) string {
	var b strings.Builder
	variable := false
	for _, p := range parts {
		b.WriteString(p.literal)
		if p.variable != "" {
			variable = true
			b.WriteString("${process.env." + p.variable + "}")
		}
	}
	if variable {
		return "`" + b.String() + "`"
	}
	return quoted(b.String())
}

var plainName = regexp.MustCompile(`^[A-Za-z_]\w*$`)

// scriptValue is a value as JavaScript writes it.
func scriptValue(n *node, indent string) string {
	deeper := indent + "  "
	var parts []string
	switch {
	case n.kind == objectKind:
		for _, m := range n.members {
			name := m.name
			if !plainName.MatchString(name) {
				name = quoted(name)
			}
			parts = append(parts, deeper+name+": "+scriptValue(m.value, deeper)+",\n")
		}
		if len(parts) == 0 {
			return "{}"
		}
		return "{\n" + strings.Join(parts, "") + indent + "}"
	case n.kind == listKind:
		for _, one := range n.items {
			parts = append(parts, scriptValue(one, indent))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case n.variable != "":
		return "process.env." + n.variable
	}
	return quoted(n.scalar)
}

// javascript is the call with fetch, as a module.
func (c *call) javascript() string {
	var b strings.Builder
	address := scriptString(c.address())
	if c.body != nil && c.body.Kind != jsonKind && c.body.Kind != formKind {
		b.WriteString("import { openAsBlob } from \"node:fs\";\n\nconst form = new FormData();\n")
		for _, m := range c.body.sample.object() {
			name := quoted(m.value.plain())
			b.WriteString("const file = await openAsBlob(" + name + ", { type: " + quoted(c.body.files[m.name]) + " });\nform.set(" + quoted(m.name) + ", file, " + name + ");\n")
		}
		b.WriteString("\n")
	}
	if !c.fixed() {
		b.WriteString("const query = new URLSearchParams(" + scriptValue(&node{kind: objectKind, members: c.query}, "") + ");\n")
		address = "`" + strings.Trim(address, "`\"") + "?${query}`"
	}
	b.WriteString("const answer = await fetch(" + address)
	if options := c.options(); len(options) > 0 {
		b.WriteString(", {\n" + strings.Join(options, "") + "}")
	}
	b.WriteString(");\n")
	switch {
	case c.redirect:
		b.WriteString(`console.log(answer.headers.get("Location"));`)
		return b.String()
	case c.empty:
		b.WriteString("if (!answer.ok) throw new Error(await answer.text());\nconsole.log(answer.status);")
	default:
		b.WriteString("if (!answer.ok) throw new Error(await answer.text());\nconsole.log(await answer.json());")
	}
	return b.String()
}

// options are those of fetch, each a line or more.
func (c *call) options() []string {
	var all []string
	if c.method != "GET" {
		all = append(all, "  method: "+quoted(c.method)+",\n")
	}
	if c.redirect {
		all = append(all, "  redirect: \"manual\",\n")
	}
	var headers []string
	if c.auth != nil {
		headers = append(headers, c.auth.javascript())
	}
	if c.body != nil && c.body.Kind == jsonKind {
		headers = append(headers, `"Content-Type": "application/json"`)
	}
	if len(headers) > 0 {
		all = append(all, "  headers: {\n    "+strings.Join(headers, ",\n    ")+",\n  },\n")
	}
	if c.body != nil {
		written := "form"
		switch c.body.Kind {
		case jsonKind:
			written = "JSON.stringify(" + scriptValue(c.body.sample, "  ") + ")"
		case formKind:
			written = "new URLSearchParams(" + scriptValue(c.body.sample, "  ") + ")"
		}
		all = append(all, "  body: "+written+",\n")
	}
	return all
}

func (c *credential) javascript() string {
	switch {
	case c.Scheme == basicScheme:
		return "Authorization: \"Basic \" + btoa(`${process.env.CLIENT_ID}:${process.env.CLIENT_SECRET}`)"
	case c.Header != "":
		return quoted(c.Header) + ": process.env." + c.Variable
	}
	return "Authorization: `Bearer ${process.env." + c.Variable + "}`"
}
