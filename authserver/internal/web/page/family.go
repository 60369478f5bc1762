package page

import "latchkey/authserver"

// FamilyView is the data of FamilyPage.
type FamilyView struct {
	Members     []authserver.User
	Invitations []authserver.Invitation // open ones; for admins only
	Admin       bool
	Link        string // of the invitation just made, shown this once
	For         string // address it is for
	Sent        bool   // it was sent there by email too
}

var roles = []string{authserver.RoleMember, authserver.RoleAdmin, authserver.RoleGuest}
