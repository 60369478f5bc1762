package page

import (
	"math"
	"strconv"
	"strings"

	"latchkey/authserver"
)

// LookPath is the page about how the instance looks.
const LookPath = OperatorPath + "/look"

// lookStyle is the stylesheet of that page, with the colours of both schemes.
const lookStyle = "look.css"

// settingsPrefix is that of the names of the settings of the look.
const settingsPrefix = "AUTH_"

// linkSettings are the links at the foot of pages: their words, and what sets them.
func (v *View) linkSettings() []lookLink {
	links := v.site.branding.Links
	return []lookLink{{"look.terms", "TERMS_URL", links.Terms}, {"look.privacy", "PRIVACY_URL", links.Privacy}, {"look.support", "SUPPORT_URL", links.Support}}
}

type lookLink struct{ Key, Setting, To string }

// schemeLook is how the pages of one colour scheme look.
type schemeLook struct {
	Theme   string // authserver.ThemeLight or ThemeDark
	Setting string // what sets its colour
	State   string // "own": nobody set a colour; "set"; "lightened": of the light one
}

// lookOf are the light and the dark pages.
func (v *View) lookOf() []schemeLook {
	light, dark := schemeLook{authserver.ThemeLight, "COLOUR", "own"}, schemeLook{authserver.ThemeDark, "COLOUR_DARK", "own"}
	if v.site.branding.Colours != nil {
		light.State, dark.State = "set", "set"
		if v.site.branding.Colours.Lightened {
			dark.State = "lightened"
		}
	}
	return []schemeLook{light, dark}
}

// story says where the colour comes from.
func (v *View) story(s schemeLook) (string, error) {
	switch s.State {
	case "lightened":
		return v.t("look.state.lightened.text", v.ratio(v.site.schemes.Unlightened()))
	case "set":
		return v.t("look.state.set.text", settingsPrefix+s.Setting)
	}
	return v.t("look.state.own.text")
}

// languageNames are the languages there are texts in.
func (v *View) languageNames() string {
	var names []string
	for _, one := range v.languages()[1:] {
		names = append(names, one.Text)
	}
	return strings.Join(names, ", ")
}

// ratio is a contrast that is not called better than it is.
func (v *View) ratio(contrast float64) string {
	text := strconv.FormatFloat(math.Floor(contrast*10)/10, 'f', 1, 64)
	return strings.Replace(text, ".", v.texts["format.decimal"], 1) + " : 1"
}
