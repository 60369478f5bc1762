package authserver

import (
	"strings"
	"time"
)

// BrowserLife is how long a browser is known again after its last sign-in: as
// long as browsers keep a cookie at most.
const BrowserLife = 400 * 24 * time.Hour

// Marks in a User-Agent header, the telling ones first: browsers claim to be
// each other.
var (
	browserMarks = []struct{ mark, name string }{
		{"Edg/", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
	}
	systemMarks = []struct{ mark, name string }{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"Windows", "Windows"},
		{"Mac OS X", "macOS"},
		{"CrOS", "ChromeOS"},
		{"Linux", "Linux"},
	}
)

// BrowserName guesses what a person would call the browser; "" where nothing is
// recognised.
func BrowserName(userAgent string) (name, system string) {
	for _, b := range browserMarks {
		if strings.Contains(userAgent, b.mark) {
			name = b.name
			break
		}
	}
	for _, b := range systemMarks {
		if strings.Contains(userAgent, b.mark) {
			system = b.name
			break
		}
	}
	return name, system
}
