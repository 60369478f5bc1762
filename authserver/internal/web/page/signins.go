package page

import "latchkey/authserver"

// SigninsView is the data of SigninsPage.
type SigninsView struct {
	Signins []authserver.Signin
	Devices []authserver.Device
}
