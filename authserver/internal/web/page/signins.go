package page

import "latchkey/authserver"

// SigninsView is the data of SigninsPage.
type SigninsView struct {
	Signins []authserver.Signin
	Devices []authserver.Device

	SigninsWindow, DevicesWindow Window
	Elsewhere                    bool // the person is signed in anywhere else
}
