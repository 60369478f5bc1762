package page

import "latchkey/authserver"

// FamilyView is the data of FamilyPage.
type FamilyView struct {
	Members     []authserver.User
	Away        []authserver.User       // who may come back; for admins only
	Invitations []authserver.Invitation // open ones; for admins only
	Admin       bool
	Household   bool // the family's time zone can be asked for
	TimeZone    TimeZoneView
	CanMail     bool   // addresses can be confirmed
	For         string // address of the invitation just made; "": none was
	Link        string // of it, shown this once
}

var roles = []string{authserver.RoleMember, authserver.RoleAdmin, authserver.RoleGuest}
