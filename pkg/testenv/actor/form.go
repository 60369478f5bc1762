package actor

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Form is a form found on a page, filled with what the page filled in.
type Form struct {
	Action  string
	Method  string
	Values  url.Values // fields that have a value, hidden ones among them
	Fields  []string   // names of every field, filled or not
	buttons []button
}

type button struct{ name, value string }

// Form returns the page's first form that has every one of the named fields or
// buttons.
func (p *Page) Form(fields ...string) (*Form, error) {
	root, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		return nil, fmt.Errorf("actor: parse %s: %w", p.URL.Path, err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		if f := readForm(n); f.hasAll(fields) {
			return f, nil
		}
	}
	return nil, fmt.Errorf("actor: %s answered %d without a form that has %s: %.300s",
		p.URL.Path, p.Status, strings.Join(fields, ", "), p.Text())
}

func readForm(node *html.Node) *Form {
	f := &Form{Action: attr(node, "action"), Method: http.MethodGet, Values: url.Values{}}
	if strings.EqualFold(attr(node, "method"), "post") {
		f.Method = http.MethodPost
	}
	for n := range node.Descendants() {
		if n.Type == html.ElementNode {
			f.readField(n)
		}
	}
	return f
}

func (f *Form) readField(n *html.Node) {
	name, value := attr(n, "name"), attr(n, "value")
	if name == "" || has(n, "disabled") {
		return
	}
	kind := strings.ToLower(attr(n, "type"))
	switch {
	case n.Data == "button", n.Data == "input" && kind == "submit":
		f.buttons = append(f.buttons, button{name, value})
		return
	case n.Data == "input" && (kind == "checkbox" || kind == "radio"):
		if has(n, "checked") {
			f.Values.Add(name, value)
		}
	case n.Data == "input":
		f.Values.Add(name, value)
	case n.Data == "textarea" && n.FirstChild != nil:
		f.Values.Add(name, n.FirstChild.Data)
	case n.Data == "select":
		f.Values.Add(name, selected(n))
	case n.Data != "textarea":
		return
	}
	f.Fields = append(f.Fields, name)
}

// valueOf is the value of an option: its words, where it has no other.
func valueOf(option *html.Node) string {
	if has(option, "value") || option.FirstChild == nil {
		return attr(option, "value")
	}
	return option.FirstChild.Data
}

func selected(n *html.Node) string {
	first, found := "", false
	for o := range n.Descendants() {
		if o.Type != html.ElementNode || o.Data != "option" {
			continue
		}
		if has(o, "selected") {
			return valueOf(o)
		}
		if !found {
			first, found = valueOf(o), true
		}
	}
	return first
}

func (f *Form) hasAll(names []string) bool {
	for _, name := range names {
		isButton := slices.ContainsFunc(f.buttons, func(b button) bool { return b.name == name })
		if !isButton && !slices.Contains(f.Fields, name) {
			return false
		}
	}
	return true
}

// HasButton reports whether the form has a button name=value.
func (f *Form) HasButton(name, value string) bool {
	return slices.Contains(f.buttons, button{name, value})
}

// Fill sets the fields the form has; what it does not have is left out.
func (f *Form) Fill(values map[string]string) {
	for name, value := range values {
		if slices.Contains(f.Fields, name) {
			f.Values.Set(name, value)
		}
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}
