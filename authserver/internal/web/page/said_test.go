package page

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sayers are the packages whose refusals people see on pages.
var sayers = []string{
	"../../..", "../../account", "../../apikey", "../../clientdoc", "../../consent", "../../deviceflow", "../../event", "../../operator", "../../passkey", "../../registration", "../../sso", "..",
}

// onlyApps hear these: the product's own apps, other servers and the command line.
var onlyApps = []string{
	"A client secret is made by `authserver secret`, never chosen", "A refresh has replaced the access token", "A report", "AI is not available for your account", "Authorization code is invalid or expired",
	"Device information is required", "Device not found", "Failed to register device", "Invalid refresh token", "Linking code is invalid or expired", "MFA users should sign in with email and password",
	"No such pending sign-in", "The code challenge", "The device information is not valid.", "The life of an invite code cannot be negative", "This needs a sign-in of the last 10 minutes.", "Too many devices are waiting",
	"Two-factor authentication required", "Uses and life must not be negative", "You may not",
}

var verb = regexp.MustCompile(`%[a-z]`)

// TestRefusalsAreTranslated: what a package refuses in English is said in every other
// language too.
func TestRefusalsAreTranslated(t *testing.T) {
	t.Parallel()
	all, err := readCatalogues(textFiles)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, folder := range sayers {
		names, err := filepath.Glob(folder + "/*.go")
		if err != nil || len(names) == 0 {
			t.Fatal(folder, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, sentence := range refusalsIn(t, name) {
				seen++
				said := verb.ReplaceAllString(sentence, "9")
				for language, c := range all {
					if language != defaultLanguage && c.say(said) == said && !heardByApps(sentence) {
						t.Errorf("%s says %q, which is not translated into %s", name, sentence, language)
					}
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("%d refusals seen", seen)
	}
}

func heardByApps(sentence string) bool {
	for _, one := range onlyApps {
		if strings.HasPrefix(sentence, one) {
			return true
		}
	}
	return false
}

// refusalsIn lists the messages of the faults and violations that a file makes.
func refusalsIn(t *testing.T, name string) (found []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if call, ok := n.Fun.(*ast.SelectorExpr); ok && call.Sel.Name == "New" && len(n.Args) == 2 {
				if from, ok := call.X.(*ast.Ident); ok && from.Name == "fault" {
					found = append(found, sentenceOf(n.Args[1])...)
				}
			}
		case *ast.CompositeLit:
			if len(n.Elts) == 3 && n.Type == nil || isViolation(n.Type) {
				for i, part := range n.Elts {
					if pair, ok := part.(*ast.KeyValueExpr); ok {
						if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Message" {
							found = append(found, sentenceOf(pair.Value)...)
						}
					} else if i == 2 {
						found = append(found, sentenceOf(part)...)
					}
				}
			}
		}
		return true
	})
	return found
}

func isViolation(of ast.Expr) bool {
	switch of := of.(type) {
	case *ast.Ident:
		return of.Name == "Violation"
	case *ast.SelectorExpr:
		return of.Sel.Name == "Violation"
	}
	return false
}

// sentenceOf is the sentence that e is the text or the form of, if it is one: what is put
// together of parts or has no blank is none.
func sentenceOf(e ast.Expr) []string {
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) > 0 {
		e = call.Args[0]
	}
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return nil
	}
	text, err := strconv.Unquote(literal.Value)
	if first, _, _ := strings.Cut(text, " "); err != nil || first == text || first == strings.ToLower(first) {
		return nil
	}
	return []string{text}
}
