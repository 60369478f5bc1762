package page

import "latchkey/authserver"

// browser is what a person would call the browser that sent userAgent.
func (v *View) browser(userAgent string) (string, error) {
	name, system := authserver.BrowserName(userAgent)
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

// Naming puts what a person would call the browser that sent userAgent into the title.
func (v *View) Naming(userAgent string) error {
	browser, err := v.browser(userAgent)
	v.TitleArgs = []any{browser}
	return err
}
