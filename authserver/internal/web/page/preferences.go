package page

import (
	"maps"
	"slices"

	"latchkey/authserver"
)

// PreferencesPath is where a person says how pages should be.
const PreferencesPath = "/preferences"

// option is one line of a list to choose from: its value, and its words.
type option struct{ Value, Text string }

// themes are the themes to choose from, by the keys of their words.
var themes = []option{{"", "preferences.theme.browser"}, {authserver.ThemeLight, "preferences.theme.light"}, {authserver.ThemeDark, "preferences.theme.dark"}}

// languages are those there are texts in, each in its own words.
func (v *View) languages() []option {
	list := []option{{"", v.texts["preferences.language.browser"]}}
	for _, code := range slices.Sorted(maps.Keys(v.site.texts)) {
		list = append(list, option{code, v.site.texts[code]["language.name"]})
	}
	return list
}

// themes are those to choose from.
func (v *View) themes() []option {
	list := make([]option, len(themes))
	for i, one := range themes {
		list[i] = option{one.Value, v.texts[one.Text]}
	}
	return list
}

// where names the zone of the times on the page.
func (v *View) where() string { return v.zone().String() }
