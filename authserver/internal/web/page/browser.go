package page

import "strings"

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

// browserName guesses what a person would call the browser; "" where nothing is
// recognised.
func browserName(userAgent string) (name, system string) {
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

// browser is what a person would call the browser that sent userAgent.
func (v *View) browser(userAgent string) (string, error) {
	name, system := browserName(userAgent)
	switch {
	case name == "":
		return v.t("browser.unknown")
	case system == "":
		return name, nil
	}
	return v.t("browser.on", name, system)
}

// endLabel names the button that ends the sign-in of a browser.
func (v *View) endLabel(userAgent string) (string, error) {
	browser, err := v.browser(userAgent)
	if err != nil {
		return "", err
	}
	return v.t("signins.end.label", browser)
}
