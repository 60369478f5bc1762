package page

import "latchkey/authserver"

// PasskeysView is the data of PasskeysPage.
type PasskeysView struct {
	Available     bool
	NeedsPassword bool
	Full          bool
	Keys          []authserver.Passkey
}
