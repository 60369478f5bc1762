package page

import "latchkey/authserver"

// SecurityView is the data of SecurityPage.
type SecurityView struct {
	CodesLeft int
	NoSealer  bool // no second factor can be set up
	Passkeys  int
	Providers bool // there are sign-in providers
}

// PasskeysView is the data of PasskeysPage.
type PasskeysView struct {
	Available     bool
	NeedsPassword bool
	Full          bool
	Keys          []authserver.Passkey
}

// SigninsView is the data of SigninsPage.
type SigninsView struct {
	Signins []authserver.Signin
	Devices []authserver.Device
}

// FamilyView is the data of FamilyPage.
type FamilyView struct {
	Members     []authserver.User
	Invitations []authserver.Invitation // open ones; for admins only
	Admin       bool
	Link        string // of the invitation just made, shown this once
	For         string // address it is for
}

var roles = []string{authserver.RoleMember, authserver.RoleAdmin, authserver.RoleGuest}
