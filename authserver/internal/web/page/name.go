package page

import (
	"strings"
	"unicode"
)

// PlainName shows an application's name as text: nothing invisible, nothing
// that turns the direction of the sentence around it, at most 80 characters.
func PlainName(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > 80 {
		name = string(runes[:80]) + "…"
	}
	if strings.TrimSpace(name) == "" {
		return "?"
	}
	return name
}

// initial is the letter an application without a picture is known by.
func initial(name string) string {
	for _, letter := range name {
		return string(unicode.ToUpper(letter))
	}
	return "?"
}
