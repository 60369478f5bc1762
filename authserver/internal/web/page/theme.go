package page

import "latchkey/authserver"

// schemes are the colour schemes that the page has.
func (v *View) schemes() string {
	if v.Theme == "" {
		return "light dark"
	}
	return v.Theme
}

// darkMedia says when the page is dark; "": never.
func (v *View) darkMedia() string {
	switch v.Theme {
	case authserver.ThemeLight:
		return ""
	case authserver.ThemeDark:
		return "all"
	}
	return "(prefers-color-scheme: dark)"
}
