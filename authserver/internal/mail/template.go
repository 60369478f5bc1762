package mail

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"strings"
	"time"

	"latchkey/authserver"
)

//go:embed text/*/*.txt text/*/words.json
var files embed.FS

const fallback = "en" // the language that has every text

// language is what emails say in a language.
type language struct {
	code  string
	words map[string]string
	texts map[string]template // by kind

	places Places // nil: none is known
}

// template is a text file: the subject on the first line, then paragraphs, with a
// blank line between two. "[label]({{.URL}})" is the link, {{.Facts}} is when and where it happened.
type template struct {
	subject    string
	paragraphs []string
}

const factsParagraph = "{{.Facts}}"

// fact is one line of when and where.
type fact struct{ label, value string }

// contents is what an email can say.
type contents struct {
	greeting, by, about, host, url, life, until string
	facts                                       []fact
}

// fill returns the replacer that fills the placeholders of a paragraph. What is
// filled in is not looked at again.
func (c *contents) fill() *strings.Replacer {
	return strings.NewReplacer("{{.Greeting}}", c.greeting, "{{.By}}", c.by, "{{.About}}", c.about, "{{.Host}}", c.host,
		"{{.URL}}", c.url, "{{.Life}}", c.life, "{{.Until}}", c.until, factsParagraph, "")
}

// readTemplates reads text/LANGUAGE/words.json and text/LANGUAGE/KIND.txt. What a
// language lacks is said in English. A placeholder that contents does not know is an
// error.
func readTemplates(files fs.FS) (map[string]*language, error) {
	lists, err := fs.Glob(files, "text/*/words.json")
	if err != nil {
		return nil, fmt.Errorf("mail: texts: %w", err)
	}
	all := map[string]*language{}
	for _, list := range lists {
		l := &language{code: path.Base(path.Dir(list)), texts: map[string]template{}}
		raw, err := fs.ReadFile(files, list)
		if err == nil {
			err = json.Unmarshal(raw, &l.words)
		}
		if err == nil {
			err = l.readTexts(files, path.Dir(list))
		}
		if err != nil {
			return nil, fmt.Errorf("mail: texts: %w", err)
		}
		all[l.code] = l
	}
	if all[fallback] == nil {
		return nil, errors.New("mail: texts: there are none in English")
	}
	for _, l := range all {
		for key, word := range all[fallback].words {
			if l.words[key] == "" {
				l.words[key] = word
			}
		}
	}
	return all, nil
}

func (l *language) readTexts(files fs.FS, folder string) error {
	names, err := fs.Glob(files, folder+"/*.txt")
	if err != nil {
		return err
	}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		subject, body, ok := strings.Cut(string(raw), "\n")
		if !ok {
			return fmt.Errorf("%s has no body", name)
		}
		if filled := (&contents{}).fill().Replace(string(raw)); strings.Contains(filled, "{{") {
			return fmt.Errorf("%s has an unknown placeholder", name)
		}
		l.texts[strings.TrimSuffix(path.Base(name), ".txt")] = template{subject, strings.Split(strings.TrimSpace(body), "\n\n")}
	}
	return nil
}

// contents says e in the language.
func (l *language) contents(e authserver.EmailMessage, host, url string) *contents {
	c := &contents{greeting: l.words["greeting.none"], by: e.By, about: quiet(e.About), host: host, url: url, life: l.life(e.Life), until: l.time(e.Until, e.TimeZone)}
	if name := quiet(e.Name); name != "" {
		c.greeting = fmt.Sprintf(l.words["greeting"], name)
	}
	if c.about == "" {
		c.about = l.words["about.none"]
	}
	if c.by == "" {
		c.by = l.words["by.none"]
	}
	if e.At.IsZero() {
		return c
	}
	c.facts = append(c.facts, fact{l.words["fact.when"], l.time(e.At, e.TimeZone)})
	switch {
	case e.Operator:
		c.facts = append(c.facts, fact{l.words["fact.by"], l.words["by.operator"]})
	case e.Device != "":
		c.facts = append(c.facts, fact{l.words["fact.device"], quiet(e.Device)})
	case e.Origin.UserAgent != "":
		c.facts = append(c.facts, l.browser(e.Origin.UserAgent))
	}
	if e.Origin.Address != "" {
		c.facts = append(c.facts, fact{l.words["fact.address"], l.place(e.Origin.Address)})
	}
	return c
}

// place is an address, behind the name of its place if that is known.
func (l *language) place(address string) string {
	at, err := netip.ParseAddr(address)
	if err != nil || l.places == nil {
		return address
	}
	if name := quiet(l.places.Name(at.Unmap(), l.code)); name != "" {
		return name + " (" + address + ")"
	}
	return address
}

func (l *language) time(at time.Time, zone string) string {
	return at.In(authserver.Preferences{TimeZone: zone}.Zone()).Format(l.words["time"])
}

func (l *language) life(d time.Duration) string {
	if d >= 2*time.Hour {
		return fmt.Sprintf(l.words["life.hours"], int(d.Round(time.Hour)/time.Hour))
	}
	return fmt.Sprintf(l.words["life.minutes"], int(d.Round(time.Minute)/time.Minute))
}

// browser is what a person would call the browser that sent userAgent. What is none is
// an unknown device.
func (l *language) browser(userAgent string) fact {
	name, system := authserver.BrowserName(userAgent)
	switch {
	case name == "":
		return fact{l.words["fact.device"], l.words["browser.unknown"]}
	case system != "":
		name = fmt.Sprintf(l.words["browser.on"], name, system)
	}
	return fact{l.words["fact.browser"], name}
}
