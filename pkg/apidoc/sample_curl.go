package apidoc

import (
	"slices"
	"strings"
)

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

// curl is the call for a shell. JSON that has something of the caller's is written by jq:
// whatever a variable holds stays one string.
func (c *call) curl() string {
	program := "curl --fail-with-body "
	if c.redirect {
		program = `curl -s -o /dev/null -w '%{redirect_url}\n' `
	}
	lines := []string{program + shell(c.address())}
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
	before := ""
	if sendsBody {
		var more []string
		before, more = c.curlBody()
		lines = append(lines, more...)
	}
	return before + strings.Join(lines, " \\\n  ")
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

// shellQuote is a text as one word of a shell.
func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// shellPair is a name and its value as one quoted word.
func shellPair(m member) string {
	if m.value.variable != "" {
		return `"` + m.name + "=$" + m.value.variable + `"`
	}
	return shellQuote(m.name + "=" + m.value.plain())
}

// curlBody is what pipes the body into the command, if anything does, and the body's
// arguments.
func (c *call) curlBody() (before string, lines []string) {
	switch c.body.Kind {
	case formKind:
		for _, m := range c.body.sample.object() {
			lines = append(lines, "--data-urlencode "+shellPair(m))
		}
		return "", lines
	case jsonKind:
		lines = []string{`-H "Content-Type: application/json"`}
		written := shellQuote(c.body.sample.json(""))
		var values []string
		c.body.sample.each(func(n *node) {
			if value := `--arg ` + n.variable + ` "$` + n.variable + `"`; n.variable != "" && !slices.Contains(values, value) {
				values = append(values, value)
			}
		})
		if len(values) == 0 {
			return "", append(lines, "-d "+written)
		}
		return "jq -n " + strings.Join(values, " ") + " " + written + " | ", append(lines, "--data-binary @-")
	default:
		for _, m := range c.body.sample.object() {
			lines = append(lines, `-F "`+m.name+"=@"+m.value.plain()+";type="+c.body.files[m.name]+`"`)
		}
		return "", lines
	}
}
