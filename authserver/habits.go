package authserver

import (
	"time"
	_ "time/tzdata" // also where the system has no time zones

	"latchkey/pkg/habit"
)

// Themes of pages. The browser's own is "".
const (
	ThemeLight = habit.Light
	ThemeDark  = habit.Dark
)

// Habits are how a person likes pages to be; each "" leaves it to the browser.
type Habits struct {
	Theme    string // ThemeLight or ThemeDark
	Language string // "en" …
	TimeZone string // of the IANA database, "Europe/Berlin"; "": UTC
}

const maxZone = 64 // bytes

// Violations says what cannot be kept. speaks reports whether there are texts in a
// language.
func (h Habits) Violations(speaks func(language string) bool) Violations {
	var found Violations
	if !habit.Known(h.Theme) {
		found = append(found, Violation{Field: "theme", Rule: "theme", Message: "Choose one of these"})
	}
	if h.Language != "" && !speaks(h.Language) {
		found = append(found, Violation{Field: "language", Rule: "language", Message: "Choose one of these"})
	}
	if h.TimeZone != "" && h.zone() == nil {
		found = append(found, Violation{Field: "time_zone", Rule: "time_zone", Message: "There is no time zone of this name. Names look like Europe/Berlin"})
	}
	return found
}

// zone is nil where there is none of the name.
func (h Habits) zone() *time.Location {
	if h.TimeZone == "" || h.TimeZone == "Local" || len(h.TimeZone) > maxZone {
		return nil
	}
	where, err := time.LoadLocation(h.TimeZone)
	if err != nil {
		return nil
	}
	return where
}

// Zone is where the person is, UTC where that is not known.
func (h Habits) Zone() *time.Location {
	if where := h.zone(); where != nil {
		return where
	}
	return time.UTC
}
