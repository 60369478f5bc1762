package authserver

import (
	"time"
	_ "time/tzdata" // also where the system has no time zones

	"latchkey/pkg/preference"
)

// Themes of pages. The browser's own is "".
const (
	ThemeLight = preference.Light
	ThemeDark  = preference.Dark
)

// Preferences are how a person likes pages to be; each "" leaves it to the browser.
type Preferences struct {
	Theme    string // ThemeLight or ThemeDark
	Language string // "en" …
	TimeZone string // of the IANA database, "Europe/Berlin"; "": UTC
}

const maxZone = 64 // bytes

// Violations says what cannot be kept. speaks reports whether there are texts in a
// language.
func (p Preferences) Violations(speaks func(language string) bool) Violations {
	var found Violations
	if !preference.Known(p.Theme) {
		found = append(found, Violation{Field: "theme", Rule: "theme", Message: "Choose one of these"})
	}
	if p.Language != "" && !speaks(p.Language) {
		found = append(found, Violation{Field: "language", Rule: "language", Message: "Choose one of these"})
	}
	if p.TimeZone != "" && p.zone() == nil {
		found = append(found, Violation{Field: "time_zone", Rule: "time_zone", Message: "There is no time zone of this name. Names look like Europe/Berlin"})
	}
	return found
}

// zone is nil where there is none of the name.
func (p Preferences) zone() *time.Location {
	if p.TimeZone == "" || p.TimeZone == "Local" || len(p.TimeZone) > maxZone {
		return nil
	}
	where, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		return nil
	}
	return where
}

// Zone is where the person is, UTC where that is not known.
func (p Preferences) Zone() *time.Location {
	if where := p.zone(); where != nil {
		return where
	}
	return time.UTC
}
