package mail

import (
	_ "embed"
	"html"
	"strings"
	"unicode"

	"latchkey/pkg/branding"
)

//go:embed text/style.css
var style string

// maxQuiet is the longest name in an email, in characters.
const maxQuiet = 60

// quiet is a name that somebody has given as text in which no mail program finds an
// address to make a link of: letters, digits and a few marks, on one line, not long.
// Of full stops those that end a word stay.
func quiet(name string) string {
	runes := []rune(strings.ToValidUTF8(name, " "))
	var b strings.Builder
	for i, r := range runes {
		ends := r == '.' && (i+1 == len(runes) || runes[i+1] == ' ')
		if !ends && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) && !strings.ContainsRune("'’-–_&()!,\u200c\u200d", r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	kept := strings.Join(strings.Fields(b.String()), " ")
	if runes = []rune(kept); len(runes) > maxQuiet {
		kept = string(runes[:maxQuiet]) + "…"
	}
	return kept
}

// link is the label of a paragraph that is the link. ok: it is.
func link(paragraph string) (label string, ok bool) {
	label, ok = strings.CutSuffix(paragraph, "]({{.URL}})")
	if !ok {
		return "", false
	}
	return strings.CutPrefix(label, "[")
}

// text draws the email as text; a link is alone on its line.
func (t template) text(c *contents) string {
	fill, parts := c.fill(), make([]string, 0, len(t.paragraphs))
	for _, p := range t.paragraphs {
		if _, is := link(p); is {
			parts = append(parts, c.url)
			continue
		}
		if p != factsParagraph {
			parts = append(parts, fill.Replace(p))
			continue
		}
		lines := make([]string, len(c.facts))
		for i, f := range c.facts {
			lines[i] = f.label + ": " + f.value
		}
		if len(lines) > 0 {
			parts = append(parts, strings.Join(lines, "\n"))
		}
	}
	return strings.Join(parts, "\n\n") + "\n"
}

// coloured is the stylesheet in the colours of the instance; nil: our own.
func coloured(c *branding.Colours) string {
	if c == nil {
		return style
	}
	rules := func(p branding.Palette) string {
		return ".brand { color: " + p.Accent.String() + "; }\n.button { background: " + p.Accent.String() + "; color: " + p.On.String() + "; }\n"
	}
	return style + rules(c.Light) + "@media (prefers-color-scheme: dark) {\n" + rules(c.Dark) + "}\n"
}

// footer says who sent the email, and where there is help.
type footer struct{ sentence, help, support string }

func (f footer) text() string {
	if f.support == "" {
		return "\n-- \n" + f.sentence + "\n"
	}
	return "\n-- \n" + f.sentence + " " + f.help + " " + strings.TrimPrefix(f.support, "mailto:") + "\n"
}

func (f footer) html() string {
	text := html.EscapeString(f.sentence)
	if f.support != "" {
		text += " " + html.EscapeString(f.help) + ` <a href="` + html.EscapeString(f.support) + `">` + html.EscapeString(strings.TrimPrefix(f.support, "mailto:")) + "</a>"
	}
	return `<p class="foot">` + text + "</p>\n"
}

// html draws the email as a page that loads nothing. Everything that is filled in is
// escaped, and the only links are ours and the operator's.
func (t template) html(l *language, c *contents, name, style string, foot footer) string {
	escaped, facts := *c, make([]string, len(c.facts))
	for _, field := range []*string{&escaped.greeting, &escaped.by, &escaped.about, &escaped.host, &escaped.url, &escaped.life, &escaped.until} {
		*field = html.EscapeString(*field)
	}
	for i, f := range c.facts {
		facts[i] = `<tr><th scope="row">` + html.EscapeString(f.label) + "</th><td>" + html.EscapeString(f.value) + "</td></tr>\n"
	}
	fill, subject := escaped.fill(), html.EscapeString(t.subject)
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html>
<html lang="` + l.code + `">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>` + subject + "</title>\n<style>\n" + style + "</style>\n</head>\n<body>\n<div class=\"card\">\n<p class=\"brand\">" + html.EscapeString(name) + "</p>\n<h1>" + subject + "</h1>\n")
	for _, p := range t.paragraphs {
		label, is := link(p)
		switch {
		case is:
			b.WriteString(`<p><a class="button" href="` + escaped.url + `">` + html.EscapeString(label) + "</a></p>\n<p class=\"fine\">" + escaped.url + "</p>\n")
		case p != factsParagraph:
			b.WriteString("<p>" + fill.Replace(html.EscapeString(p)) + "</p>\n")
		case len(facts) > 0:
			b.WriteString("<table>\n" + strings.Join(facts, "") + "</table>\n")
		}
	}
	b.WriteString("</div>\n" + foot.html() + "</body>\n</html>\n")
	return b.String()
}
