package page

import "latchkey/authserver"

// deviceSign is a phone, as strokes on a ground of 24 by 24.
const deviceSign = "M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2"

// SigninsView is the data of SigninsPage.
type SigninsView struct {
	Signins []authserver.Signin
	Devices []authserver.Device

	SigninsWindow, DevicesWindow Window
	Elsewhere                    bool // the person is signed in anywhere else
}

// recognition is the page that asks whether a sign-in was the person's.
func recognition(one authserver.Signin) string { return "/settings/signins/" + one.ID + "/recognise" }
