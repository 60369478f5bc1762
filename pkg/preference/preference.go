// Package preference is how whoever reads a page likes pages to be, as the browser tells it:
// by a cookie that the authorization server sets, or by Accept-Language.
package preference

import "strings"

// Themes of pages. The browser's own is "".
const (
	Light = "light"
	Dark  = "dark"
)

// Cookie returns the name of the cookie, which is no secret. secure: it is served over
// https only.
func Cookie(secure bool) string {
	if secure {
		return "__Host-latchkey_preferences"
	}
	return "latchkey_preferences"
}

// Value is what the cookie holds.
func Value(theme, language string) string { return theme + "." + language }

// Parse reads the values of all cookies of the name. What makes no sense is as if it was
// not there. speaks reports whether there are texts in a language.
func Parse(values []string, speaks func(language string) bool) (theme, language string) {
	if len(values) != 1 {
		return "", ""
	}
	theme, language, _ = strings.Cut(values[0], ".")
	if !Known(theme) || language != "" && !speaks(language) {
		return "", ""
	}
	return theme, language
}

// Known reports whether there is such a theme.
func Known(theme string) bool { return theme == "" || theme == Light || theme == Dark }

// Media says when the page of a theme is dark; "": never. Paper is not.
func Media(theme string) string {
	switch theme {
	case Light:
		return ""
	case Dark:
		return "screen"
	}
	return "screen and (prefers-color-scheme: dark)"
}

// Schemes are the colour schemes that the page of a theme has.
func Schemes(theme string) string {
	if theme == "" {
		return "light dark"
	}
	return theme
}
