package resourceapi

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"latchkey/pkg/fault"
)

// Longest texts, in characters.
const (
	MaxName  = 255
	maxNotes = 10_000
	maxShort = 255 // identifiers of the caller, subtypes, institution names
)

// complaints collects the broken rules of a noun in the order of their checks.
type complaints []string

func (c *complaints) add(message string) { *c = append(*c, message) }

func (c *complaints) text(label, value string, limit int, required bool) {
	switch {
	case required && strings.TrimSpace(value) == "":
		c.add(label + " can't be blank")
	case utf8.RuneCountInString(value) > limit:
		c.add(label + " is too long (maximum is " + strconv.Itoa(limit) + " characters)")
	}
}

// unlisted says that a value is none of those that it may be.
func (c *complaints) unlisted(label string, listed ...string) {
	c.add(label + " is not included in the list: " + strings.Join(listed, ", "))
}

func (c *complaints) optional(label string, value *string, limit int) {
	if value != nil {
		c.text(label, *value, limit, false)
	}
}

func (c *complaints) color(value string) {
	if !isColor(value) {
		c.add("Color is invalid")
	}
}

// isColor reports whether text is a colour such as #e99537.
func isColor(text string) bool {
	if len(text) != 7 || text[0] != '#' {
		return false
	}
	for _, c := range text[1:] {
		if !strings.ContainsRune("0123456789abcdefABCDEF", c) {
			return false
		}
	}
	return true
}

// ParseID reads an id: a UUID with hyphens, in either case. It returns the stored
// form, in lower case.
func ParseID(text string) (string, bool) {
	if len(text) != 36 {
		return "", false
	}
	if text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return "", false
	}
	upper, hyphens := false, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
		case c >= 'A' && c <= 'F':
			upper = true
		case c == '-':
			hyphens++
		default:
			return "", false
		}
	}
	if hyphens != 4 {
		return "", false
	}
	if upper {
		text = strings.ToLower(text)
	}
	return text, true
}

// Refuse returns the 422 of docs/contract.md, "Errors", with the broken rules
// under "errors". A single rule is its own message.
func Refuse(message string, rules ...string) error {
	if len(rules) == 0 {
		rules = []string{message}
	}
	return fault.New(fault.Invalid, message).WithErrors(rules...)
}
