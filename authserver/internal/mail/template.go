package mail

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

//go:embed text/*/*.txt
var files embed.FS

// template is a text file: the subject on the first line, then the body.
type template struct{ subject, body string }

// contents is what an email can say.
type contents struct {
	Name    string // of the person
	Host    string // of this server
	URL     string // the link
	Minutes int    // how long the link is good
	Until   string // when what it speaks of ends
}

// replacer fills the placeholders of a template. What is filled in is not looked
// at again.
func (c contents) replacer() *strings.Replacer {
	return strings.NewReplacer("{{.Name}}", c.Name, "{{.Host}}", c.Host, "{{.URL}}", c.URL, "{{.Minutes}}", strconv.Itoa(c.Minutes), "{{.Until}}", c.Until)
}

// readTemplates reads text/LANGUAGE/KIND.txt. A placeholder that contents does
// not know is an error.
func readTemplates() (map[string]map[string]template, error) {
	names, err := fs.Glob(files, "text/*/*.txt")
	if err != nil {
		return nil, fmt.Errorf("mail: texts: %w", err)
	}
	all := map[string]map[string]template{}
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("mail: texts: %w", err)
		}
		subject, body, ok := strings.Cut(string(raw), "\n")
		if !ok {
			return nil, fmt.Errorf("mail: %s has no body", name)
		}
		if filled := (contents{}).replacer().Replace(string(raw)); strings.Contains(filled, "{{") {
			return nil, fmt.Errorf("mail: %s has an unknown placeholder", name)
		}
		language := path.Base(path.Dir(name))
		if all[language] == nil {
			all[language] = map[string]template{}
		}
		all[language][strings.TrimSuffix(path.Base(name), ".txt")] = template{subject, strings.TrimSpace(body) + "\n"}
	}
	return all, nil
}

func (t template) fill(c contents) (subject, body string) {
	fill := c.replacer()
	return fill.Replace(t.subject), fill.Replace(t.body)
}
