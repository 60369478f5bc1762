package page

import (
	"fmt"
	"strconv"
	"strings"
)

// plain is a number with the separators of the language.
func (v *View) plain(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && digits[i-1] != '-' && (len(digits)-i)%3 == 0 {
			b.WriteString(v.texts["format.thousands"])
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// lasting is how long a number of days is, in words.
func (v *View) lasting(n int) string {
	if n == 1 {
		return v.texts["days.one"]
	}
	return fmt.Sprintf(v.texts["days.many"], n)
}

// several is the text under key with n in it; one has a text of its own.
func (v *View) several(key string, n int64) (string, error) {
	if n == 1 {
		return v.t(key + ".one")
	}
	return v.t(key, v.plain(n))
}
