package apidoc

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// longestSearch is how much of what was searched for is looked for, in characters.
const longestSearch = 100

// searchable is what a search looks at, in small letters: first what names the route,
// and after a line break what is said of it.
func searchable(op *operation) string {
	names := []string{op.Method, op.Path, op.ID, op.Summary, op.Tag}
	said := slices.Clone(op.Text)
	for _, p := range op.Parameters {
		said = append(said, p.Name, p.Text)
	}
	if op.Body != nil {
		for _, r := range op.Body.Rows {
			said = append(said, r.Name)
		}
	}
	return strings.ToLower(strings.Join(names, " ") + "\n" + strings.Join(said, " "))
}

// searched is a search as it is carried out and shown: valid, short and without blanks
// around.
func searched(q string) string {
	q = strings.Join(strings.Fields(strings.ToValidUTF8(q, "�")), " ")
	if utf8.RuneCountInString(q) > longestSearch {
		q = strings.TrimSpace(string([]rune(q)[:longestSearch]))
	}
	return q
}

// search finds the operations that have every word of q; those that have them in their
// names come first.
func (d *description) search(q string) []*operation {
	words := strings.Fields(strings.ToLower(q))
	var named, others []*operation
	for _, s := range d.sections {
		for _, op := range s.Operations {
			names, _, _ := strings.Cut(op.found, "\n")
			switch {
			case hasAll(names, words):
				named = append(named, op)
			case hasAll(op.found, words):
				others = append(others, op)
			}
		}
	}
	return append(named, others...)
}

func hasAll(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
}

// steps cuts a path after each slash and underscore between two letters.
func steps(path string) []string {
	var all []string
	from := 0
	for i := 1; i < len(path)-1; i++ {
		if path[i] == '/' || path[i] == '_' {
			all, from = append(all, path[from:i+1]), i+1
		}
	}
	return append(all, path[from:])
}
