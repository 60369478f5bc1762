package apidoc

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

var keyInPage = regexp.MustCompile(`(?:v\.t\(|@copyButton\(v, [^,]+, )"([a-z][a-z.]+)"`)

// TestEveryLanguageSaysEverything that pages ask for, with the same places for values.
func TestEveryLanguageSaysEverything(t *testing.T) {
	texts, err := readFiles(textFiles)
	if err != nil {
		t.Fatal(err)
	}
	for language, own := range texts {
		for key, english := range texts[defaultLanguage] {
			if own[key] == "" || strings.Count(own[key], "%") != strings.Count(english, "%") {
				t.Errorf("%s says %q: %q", language, key, own[key])
			}
		}
		if len(own) != len(texts[defaultLanguage]) {
			t.Errorf("%s has %d texts, English %d", language, len(own), len(texts[defaultLanguage]))
		}
	}
	names, err := filepath.Glob("*.templ")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d pages: %v", len(names), err)
	}
	for _, name := range append(names, "view.go") {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range keyInPage.FindAllStringSubmatch(string(raw), -1) {
			if key := found[1]; texts[defaultLanguage][key] == "" && !strings.HasSuffix(key, ".") {
				t.Errorf("%s asks for %q", name, key)
			}
		}
	}
}

// TestAThirdLanguageIsAFile: it is read; what it lacks is said in English.
func TestAThirdLanguageIsAFile(t *testing.T) {
	texts, err := readTexts(fstest.MapFS{
		"text/en.json": {Data: []byte(`{"copy": "Copy", "copied": "Copied"}`)},
		"text/fr.json": {Data: []byte(`{"copy": "Copier"}`)},
	})
	if err != nil || texts["fr"]["copy"] != "Copier" || texts["fr"]["copied"] != "Copied" {
		t.Errorf("%v: %v", texts, err)
	}
}

// TestWhatPagesCannotShowIsRefused when a service starts, not when somebody reads.
func TestWhatPagesCannotShowIsRefused(t *testing.T) {
	const good = "tags: [{name: a}]\npaths: {/x: {get: {tags: [a], operationId: show, responses: {'200': {description: x}}}}}"
	if _, err := New(Options{Description: []byte(good), Service: ResourceAPI}); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"no YAML":           "{",
		"no tag":            strings.Replace(good, "tags: [a], ", "", 1),
		"an unknown tag":    strings.Replace(good, "tags: [a]", "tags: [b]", 1),
		"no operationId":    strings.Replace(good, "operationId: show, ", "", 1),
		"a hostile one":     strings.Replace(good, "operationId: show", "operationId: ../x", 1),
		"one of two routes": strings.Replace(good, "paths: {", "paths: {/y: {get: {tags: [a], operationId: show, responses: {}}}, ", 1),
	} {
		if _, err := New(Options{Description: []byte(text), Service: ResourceAPI}); err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
}

// TestAddressesStayWithinQuotes whatever the operator calls the server.
func TestAddressesStayWithinQuotes(t *testing.T) {
	op := &operation{Method: "GET", Path: "/x", Answers: []answer{{Status: "200", Kind: jsonKind}}}
	for _, s := range newCall(op, "https://a.example/\"'`$(id)${x}\\\n").samples() {
		if strings.Contains(s.Text, "$(id)") || strings.Contains(s.Text, "`") || strings.Contains(s.Text, "x}") || strings.Count(s.Text, "\"") != 2 {
			t.Errorf("%s: %s", s.Name, s.Text)
		}
	}
}
