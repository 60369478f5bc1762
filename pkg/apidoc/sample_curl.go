package apidoc

import "strings"

// shell is an address within double quotes.
func shell(parts []part) string {
	var b strings.Builder
	for i, p := range parts {
		b.WriteString(p.literal)
		if p.variable == "" {
			continue
		}
		if i+1 < len(parts) && parts[i+1].literal != "" && parts[i+1].literal[0] != '/' {
			b.WriteString("${" + p.variable + "}")
		} else {
			b.WriteString("$" + p.variable)
		}
	}
	return `"` + b.String() + `"`
}

// curl is the call for a shell.
func (c *call) curl() string {
	lines := []string{"curl --fail-with-body", shell(c.address())}
	if c.redirect {
		lines[0] = `curl -s -o /dev/null -w '%{redirect_url}\n'`
	}
	sendsBody := c.body != nil
	if c.method != "GET" && (c.method != "POST" || !sendsBody) {
		lines = append(lines, "-X "+c.method)
	}
	if c.auth != nil {
		lines = append(lines, c.auth.curl())
	}
	if !c.fixed() {
		lines = append(lines, "-G")
		for _, m := range c.query {
			lines = append(lines, "--data-urlencode "+shellPair(m))
		}
	}
	tail := ""
	if sendsBody {
		var more []string
		more, tail = c.curlBody()
		lines = append(lines, more...)
	}
	return strings.Join(lines, " \\\n  ") + tail
}

func (c *credential) curl() string {
	switch {
	case c.Scheme == basicScheme:
		return `-u "$CLIENT_ID:$CLIENT_SECRET"`
	case c.Header != "":
		return `-H "` + c.Header + ": $" + c.Variable + `"`
	}
	return `-H "Authorization: Bearer $` + c.Variable + `"`
}

// shellPair is a name and its value as one quoted word.
func shellPair(m member) string {
	if m.value.variable != "" {
		return `"` + m.name + "=$" + m.value.variable + `"`
	}
	return "'" + m.name + "=" + m.value.plain() + "'"
}

// curlBody is the body's arguments, and what follows the command.
func (c *call) curlBody() (lines []string, tail string) {
	switch c.body.Kind {
	case formKind:
		for _, m := range c.body.sample.object() {
			lines = append(lines, "--data-urlencode "+shellPair(m))
		}
		return lines, ""
	case jsonKind:
		lines = []string{`-H "Content-Type: application/json"`}
		written, variable := c.body.sample.json(""), false
		c.body.sample.each(func(n *node) { variable = variable || n.variable != "" })
		if variable {
			return append(lines, "--data-binary @- <<JSON"), "\n" + written + "\nJSON"
		}
		return append(lines, "-d '"+written+"'"), ""
	default:
		for _, m := range c.body.sample.object() {
			lines = append(lines, `-F "`+m.name+"=@"+m.value.plain()+";type="+c.body.files[m.name]+`"`)
		}
		return lines, ""
	}
}
