package mail

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"text/template"
)

//go:embed text/*/*.txt
var files embed.FS

// letter is a text file: the subject on the first line, then the body.
type letter struct{ subject, body *template.Template }

// contents is what a letter can say.
type contents struct {
	Name    string // of the person
	Host    string // of this server
	URL     string // the link
	Minutes int    // how long the link is good
}

// readLetters reads text/LANGUAGE/KIND.txt.
func readLetters() (map[string]map[string]letter, error) {
	names, err := fs.Glob(files, "text/*/*.txt")
	if err != nil {
		return nil, fmt.Errorf("mail: texts: %w", err)
	}
	all := map[string]map[string]letter{}
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("mail: texts: %w", err)
		}
		subject, body, ok := strings.Cut(string(raw), "\n")
		if !ok {
			return nil, fmt.Errorf("mail: %s has no body", name)
		}
		l := letter{}
		if l.subject, err = template.New(name).Option("missingkey=error").Parse(subject); err != nil {
			return nil, fmt.Errorf("mail: %s: %w", name, err)
		}
		if l.body, err = template.New(name).Option("missingkey=error").Parse(strings.TrimSpace(body) + "\n"); err != nil {
			return nil, fmt.Errorf("mail: %s: %w", name, err)
		}
		language := path.Base(path.Dir(name))
		if all[language] == nil {
			all[language] = map[string]letter{}
		}
		all[language][strings.TrimSuffix(path.Base(name), ".txt")] = l
	}
	return all, nil
}

func (l letter) fill(c contents) (subject, body string, err error) {
	var s, b strings.Builder
	if err := l.subject.Execute(&s, c); err != nil {
		return "", "", fmt.Errorf("mail: subject: %w", err)
	}
	if err := l.body.Execute(&b, c); err != nil {
		return "", "", fmt.Errorf("mail: body: %w", err)
	}
	return s.String(), b.String(), nil
}
