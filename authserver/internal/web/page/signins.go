package page

import "latchkey/authserver"

// SigninsView is the data of SigninsPage.
type SigninsView struct {
	Signins []authserver.Signin
	Devices []authserver.Device
}

// othersClass is the style of the button that signs out everywhere else: a
// danger only where there is an elsewhere.
func (d SigninsView) othersClass() string {
	if len(d.Signins) > 1 || len(d.Devices) > 0 {
		return "button danger"
	}
	return "button"
}
