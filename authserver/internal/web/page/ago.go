package page

import (
	"time"
	"unicode"
	"unicode/utf8"
)

// ago says in words how long ago at was, within a sentence: minutes within an hour, then
// as when does.
func (v *View) ago(at time.Time) (string, error) {
	switch d := v.Now.Sub(at); {
	case d < time.Minute:
		return v.t("ago.now")
	case d < time.Hour:
		return v.t("ago.minutes", int(d/time.Minute))
	}
	text, err := v.when(at)
	if v.near(at) != "" {
		text = within(text)
	}
	return text, err
}

// within is text as it stands within a sentence.
func within(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToLower(first)) + text[size:]
}
