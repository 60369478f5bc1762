package load

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"latchkey/pkg/e2e/stack"
)

// Put writes text into a document of docs, in the place of what maker (such as
// "make load") wrote there before: between a comment that names it and one that
// says "end".
func Put(document, maker, text string) error {
	head, _, tail, file, err := cut(document, maker)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(head+"\n"+text+"\n"+tail), 0o644) //nolint:gosec // a document
}

// Made is what maker wrote into a document of docs.
func Made(document, maker string) (string, error) {
	_, text, _, _, err := cut(document, maker)
	return text, err
}

func cut(document, maker string) (head, made, tail, file string, err error) {
	root, err := stack.Root()
	if err != nil {
		return "", "", "", "", err
	}
	file = filepath.Join(root, "docs", document)
	raw, err := os.ReadFile(file) //nolint:gosec // a document
	if err != nil {
		return "", "", "", "", err
	}
	from, to := "<!-- made by "+maker+" -->\n", "<!-- end -->"
	head, rest, ok := strings.Cut(string(raw), from)
	made, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		return "", "", "", "", fmt.Errorf("load: %s has no place for what %s makes", document, maker)
	}
	return head + from, made, to + tail, file, nil
}
