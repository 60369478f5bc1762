package page

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strings"
	"time"

	"latchkey/pkg/fault"
)

//go:embed text/*.json
var textFiles embed.FS

// catalogue is every text of one language by key.
type catalogue map[string]string

// defaultLanguage is used where the browser asks for nothing we have.
const defaultLanguage = "en"

// readCatalogues reads text/LANGUAGE.json and text/LANGUAGE.PART.json. What a
// language lacks is said in the default one; a test keeps them complete.
func readCatalogues(files fs.FS) (map[string]catalogue, error) {
	names, err := fs.Glob(files, "text/*.json")
	if err != nil {
		return nil, fmt.Errorf("page: texts: %w", err)
	}
	all := make(map[string]catalogue, len(names))
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("page: texts: %w", err)
		}
		var c catalogue
		if err := json.Unmarshal(raw, &c); err != nil {
			return nil, fmt.Errorf("page: %s: %w", name, err)
		}
		language, _, _ := strings.Cut(path.Base(name), ".")
		if all[language] == nil {
			all[language] = catalogue{}
		}
		for key, text := range c {
			if _, twice := all[language][key]; twice {
				return nil, fmt.Errorf("page: %s: %q is there twice", name, key)
			}
			all[language][key] = text
		}
	}
	for _, c := range all {
		for key, text := range all[defaultLanguage] {
			if _, ok := c[key]; !ok {
				c[key] = text
			}
		}
	}
	return all, nil
}

// text returns the text under key with args filled in. Pages escape the
// whole, so an argument is never markup.
func (c catalogue) text(key string, args ...any) (string, error) {
	format, ok := c[key]
	if !ok {
		return "", fmt.Errorf("page: no text for %q", key)
	}
	if len(args) == 0 {
		return format, nil
	}
	if places := strings.Count(strings.ReplaceAll(format, "%%", ""), "%"); places != len(args) {
		return "", fmt.Errorf("page: text %q has %d places for %d values", key, places, len(args))
	}
	return fmt.Sprintf(format, args...), nil
}

// say translates a sentence that was written in English elsewhere; one that has
// no translation is shown as it is. A key "say:Connect %s" translates every
// sentence of that form.
func (c catalogue) say(sentence string) string {
	if text, ok := c["say:"+sentence]; ok {
		return text
	}
	for key, text := range c {
		form, ok := strings.CutPrefix(key, "say:")
		if !ok || !strings.Contains(form, "%s") {
			continue
		}
		if args, ok := matchForm(form, sentence); ok {
			return fmt.Sprintf(text, args...)
		}
	}
	return sentence
}

// matchForm returns what stands in sentence where form has %s.
func matchForm(form, sentence string) ([]any, bool) {
	parts := strings.Split(form, "%s")
	rest, ok := strings.CutPrefix(sentence, parts[0])
	if !ok {
		return nil, false
	}
	var args []any
	for i, part := range parts[1:] {
		at := strings.Index(rest, part)
		if i == len(parts)-2 { // the last one ends the sentence
			at = len(rest) - len(part)
			if at < 0 || rest[at:] != part {
				return nil, false
			}
		}
		if at <= 0 {
			return nil, false
		}
		args = append(args, rest[:at])
		rest = rest[at+len(part):]
	}
	return args, true
}

// sayFault is say for an error that may tell when to try again.
func (c catalogue) sayFault(f *fault.Error) string {
	if f.Kind != fault.RateLimited || f.RetryAfter <= 0 {
		return c.say(f.Message)
	}
	sentence := c.say(strings.TrimSuffix(f.Message, " Try again later."))
	switch d := f.RetryAfter; {
	case d <= 90*time.Second:
		return sentence + " " + fmt.Sprintf(c["wait.seconds"], max(2, int(math.Ceil(d.Seconds()))))
	case d <= 90*time.Minute:
		return sentence + " " + fmt.Sprintf(c["wait.minutes"], int(math.Ceil(d.Minutes())))
	default:
		return sentence + " " + fmt.Sprintf(c["wait.hours"], int(math.Ceil(d.Hours())))
	}
}
