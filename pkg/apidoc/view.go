package apidoc

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed text/*.json
var textFiles embed.FS

const defaultLanguage = "en"

// readTexts reads text/LANGUAGE.json. What a language lacks is said in English.
func readTexts(files fs.FS) (map[string]map[string]string, error) {
	all, err := readFiles(files)
	for _, texts := range all {
		for key, text := range all[defaultLanguage] {
			if texts[key] == "" {
				texts[key] = text
			}
		}
	}
	return all, err
}

// readFiles reads the texts of each language as they are.
func readFiles(files fs.FS) (map[string]map[string]string, error) {
	names, err := fs.Glob(files, "text/*.json")
	if err != nil {
		return nil, fmt.Errorf("apidoc: texts: %w", err)
	}
	all := map[string]map[string]string{}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("apidoc: texts: %w", err)
		}
		var texts map[string]string
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, fmt.Errorf("apidoc: %s: %w", name, err)
		}
		all[strings.TrimSuffix(path.Base(name), ".json")] = texts
	}
	return all, nil
}

// view is one page.
type view struct {
	*Documents
	language, theme string
	texts           map[string]string
	index           bool   // the page of all routes or of a search, which is at the root
	path            string // of the page at this service
	title           string // key of a text; "": the route's or the API's own
	op              *operation
	q               string // what is searched for; "": nothing
	results         []*operation
}

// t is the text under key with args filled in. The page escapes the whole.
func (v *view) t(key string, args ...any) (string, error) {
	format, ok := v.texts[key]
	if !ok {
		return "", fmt.Errorf("apidoc: no text for %q", key)
	}
	if len(args) == 0 {
		return format, nil
	}
	return fmt.Sprintf(format, args...), nil
}

// counted is the text for a number of results.
func (v *view) counted() (string, error) {
	if len(v.results) == 1 {
		return v.t("search.one")
	}
	return v.t("search.many", len(v.results))
}

// below leads to what is below the root. Links are relative, because a proxy may serve
// the pages below a path of its own.
func (v *view) below(name string) string {
	if v.index {
		return path.Base(v.root) + "/" + name
	}
	return name
}

// home leads to the page of all routes.
func (v *view) home() string {
	if v.index {
		return path.Base(v.root)
	}
	return "../" + path.Base(v.root)
}

func (v *view) asset(name string) (string, error) {
	found, ok := v.files[name]
	if !ok {
		return "", fmt.Errorf("apidoc: no file %q", name)
	}
	return v.below("assets/" + found.sum + "/" + name), nil
}

// windowTitle is what the window's title bar says.
func (v *view) windowTitle() (string, error) {
	service, err := v.t(string(v.Service))
	if err != nil {
		return "", err
	}
	title := service + " · " + v.Branding.Name
	switch {
	case v.op != nil:
		return v.op.Summary + " · " + title, nil
	case v.title != "":
		own, err := v.t(v.title)
		return own + " · " + title, err
	}
	return title, nil
}

// services are both services' pages, for who looks for the other.
func (v *view) services() []service {
	api, auth := strings.TrimRight(v.APIURL, "/")+apiRoot, strings.TrimRight(v.Issuer, "/")+authRoot
	if v.Service == AuthorizationServer {
		auth = v.home()
	} else {
		api = v.home()
	}
	return []service{{ResourceAPI, api, v.Service == ResourceAPI}, {AuthorizationServer, auth, v.Service == AuthorizationServer}}
}

type service struct {
	Name Service
	To   string
	Here bool
}

// current is aria-current of the link to the page of all routes: this page, or one that
// belongs to it.
func (v *view) current() string {
	if v.index && v.q == "" {
		return "page"
	}
	return "true"
}

// other is where the same search is asked of the other service.
func (v *view) other() service {
	for _, one := range v.services() {
		if !one.Here {
			one.To += "?q=" + url.QueryEscape(v.q)
			return one
		}
	}
	return service{}
}

// preferences leads to the choice of theme and language, where that reaches these pages;
// "": it does not.
func (v *view) preferences() string {
	u, err := url.Parse(v.Server)
	if err != nil || !v.oneOrigin() {
		return ""
	}
	return v.Issuer + "/preferences?return_to=" + url.QueryEscape(strings.TrimRight(u.Path, "/")+v.path)
}

// ownLinks are those of whoever runs the instance.
func (v *view) ownLinks() [][2]string {
	var list [][2]string
	for _, one := range [][2]string{{"foot.terms", v.Branding.Links.Terms}, {"foot.privacy", v.Branding.Links.Privacy}, {"foot.support", v.Branding.Links.Support}} {
		if one[1] != "" {
			list = append(list, one)
		}
	}
	return list
}

// host is what the foot of a page names.
func (v *view) host() string {
	if u, err := url.Parse(v.Server); err == nil {
		return u.Host
	}
	return ""
}

// capital is a text as it begins a line. What begins with a name of the wire stays.
func capital(word string) string {
	if begin, _, _ := strings.Cut(word, " "); strings.ContainsAny(begin, "_`/") {
		return word
	}
	first, size := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(first)) + word[size:]
}

// tone is the colour of a method's badge: what changes, and what deletes.
func tone(method string) string {
	switch method {
	case "GET":
		return "gets"
	case "DELETE":
		return "bad"
	}
	return "sends"
}

// piece is a part of a line: code, what was searched for, or neither.
type piece struct {
	text         string
	code, marked bool
}

// prose cuts a text at its backticks: what stands between them is code.
func prose(text string) []piece {
	var all []piece
	for i, part := range strings.Split(text, "`") {
		if part != "" {
			all = append(all, piece{text: part, code: i%2 == 1})
		}
	}
	return all
}

// marked cuts a line at what of it was searched for.
func (v *view) marked(line string) []piece {
	lower, words := strings.ToLower(line), strings.Fields(strings.ToLower(v.q))
	if len(lower) != len(line) {
		return []piece{{text: line}} // letters whose small ones are of another length
	}
	var all []piece
	for at := 0; at < len(line); {
		from, to := len(line), len(line)
		for _, word := range words {
			if i := strings.Index(lower[at:], word); i >= 0 && at+i < from {
				from, to = at+i, at+i+len(word)
			}
		}
		if from > at {
			all = append(all, piece{text: line[at:from]})
		}
		if to > from {
			all = append(all, piece{text: line[from:to], marked: true})
		}
		at = to
	}
	return all
}

// cutName is the path of a member in two: the objects it is in, and its own name.
func cutName(name string) (within, own string) {
	at := strings.LastIndexByte(name, '.') + 1
	return name[:at], name[at:]
}

// groups are the parameters by where they go.
func (op *operation) groups() []parameterGroup {
	var all []parameterGroup
	for _, in := range []string{"path", "query", "header"} {
		g := parameterGroup{in: in}
		for _, p := range op.Parameters {
			if p.In == in {
				g.list = append(g.list, row{Name: p.Name, Type: p.Type, Text: p.Text, Required: p.Required})
			}
		}
		if len(g.list) > 0 {
			all = append(all, g)
		}
	}
	return all
}

type parameterGroup struct {
	in   string
	list []row
}

// otherSearch asks for the same search of the other service.
func (v *view) otherSearch() (string, error) {
	name, err := v.t(string(v.other().Name))
	if err != nil {
		return "", err
	}
	return v.t("search.other", name)
}
