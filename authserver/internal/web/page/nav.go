package page

import "strings"

// section is one page of the settings, as the navigation lists it.
type section struct {
	Path, Key string
	Also      []string // pages that belong to it, elsewhere
}

// group is what stands together in the navigation, under a word.
type group struct {
	Key      string // "": no word
	Sections []section
}

// groups is the navigation of a signed-in person.
var groups = []group{
	{"", []section{{Path: "/", Key: "nav.home"}}},
	{"nav.you", []section{
		{Path: "/settings/account", Key: "nav.account", Also: []string{"/settings/email", "/settings/delete", PreferencesPath}},
		{Path: "/settings/security", Key: "nav.security", Also: []string{
			"/settings/password", "/settings/second-factor", "/settings/passkeys", "/settings/identities",
		}},
		{Path: "/settings/signins", Key: "nav.signins"},
		{Path: ActivityPath, Key: "nav.activity"},
	}},
	{"nav.access", []section{
		{Path: "/settings/applications", Key: "nav.applications"},
		{Path: KeysPath, Key: "nav.keys"},
	}},
	{"nav.household", []section{
		{Path: "/settings/family", Key: "nav.family"},
		{Path: "/settings/export", Key: "nav.export"},
	}},
	{"nav.building", []section{{Path: ClientsPath, Key: "nav.developer"}, {Path: referencePath, Key: "nav.reference"}}},
}

// toOperator leads an operator to the operator's pages.
var toOperator = group{"nav.operator", []section{{Path: OperatorPath, Key: "nav.console"}}}

// navigation is that of the page.
func (v *View) navigation() []group {
	switch {
	case v.console():
		return operatorGroups
	case v.Signin.User.Operator:
		return append(groups[:len(groups):len(groups)], toOperator)
	}
	return groups
}

// console reports whether the page is one of the operator's.
func (v *View) console() bool {
	return v.Signin != nil && v.Signin.User.Operator && (v.Path == OperatorPath || strings.HasPrefix(v.Path, OperatorPath+"/"))
}

// current is the value of aria-current for a person at path: "page" on the
// section's own page, "true" on one that belongs to it.
func (s section) current(path string) string {
	if path == s.Path {
		return "page"
	}
	for _, root := range append(s.Also, s.Path) {
		if root != "/" && root != OperatorPath && (path == root || strings.HasPrefix(path, root+"/")) {
			return "true"
		}
	}
	return ""
}

// drawn is the icon of the section, or what repeats it: templ would close each with a tag.
func (s section) drawn(first bool) string {
	if first {
		return `<path id="` + s.Key + `" d="` + icons[s.Key] + `"/>`
	}
	return `<use href="#` + s.Key + `"/>`
}

// icons are the strokes of the sections' pictures, on a ground of 24 by 24.
var icons = map[string]string{
	"nav.home":          "M3 11 12 3l9 8v9a1 1 0 0 1-1 1h-5v-6H9v6H4a1 1 0 0 1-1-1z",
	"nav.account":       "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0",
	"nav.security":      "M12 3 4 6v6c0 4.5 3.3 7.7 8 9 4.7-1.3 8-4.5 8-9V6z",
	"nav.signins":       "M4 5h16v10H4zM8 20h8M12 15v5",
	"nav.activity":      "M3 12h4l3-8 4 16 3-8h4",
	"nav.applications":  "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z",
	"nav.family":        "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.2a3.5 3.5 0 0 1 0 6.6M18.5 14.5a6.5 6.5 0 0 1 3 5.5",
	"nav.keys":          "M7.5 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM11.5 12H21v4M17 12v3",
	"nav.export":        "M12 4v11M7.5 11 12 15.5 16.5 11M4 20h16",
	"nav.overview":      "M4 20V10M10 20V4M16 20v-8M22 20H2",
	"nav.console":       "M4 20V10M10 20V4M16 20v-8M22 20H2",
	"nav.everybody":     "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0",
	"nav.families":      "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.2a3.5 3.5 0 0 1 0 6.6M18.5 14.5a6.5 6.5 0 0 1 3 5.5",
	"nav.events":        "M3 12h4l3-8 4 16 3-8h4",
	"nav.health":        "M20.5 12.5 12 21l-8.5-8.5a5 5 0 0 1 7-7.1L12 6.9l1.5-1.5a5 5 0 0 1 7 7.1z",
	"nav.erasures":      "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
	"nav.look":          "M12 3a9 9 0 1 0 0 18 2 2 0 0 0 2-2q0-2 2-2h2q3 0 3-3a9 11 0 0 0-9-11M8 10h.01M12 7h.01M16 10h.01",
	"nav.servers":       "M4 4h16v6H4zM4 14h16v6H4zM8 7h.01M8 17h.01",
	"nav.registrations": "M4 5h16v14H4zM8 10h8M8 14h5",
	"nav.invites":       "M3 6h18v12H3zM3 7l9 7 9-7",
	"nav.reference":     "M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11M9 8h6",
	"nav.developer":     "m8 7-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14",
}
