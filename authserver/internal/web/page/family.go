package page

import (
	"slices"

	"latchkey/authserver"
)

// FamilyView is the data of FamilyPage.
type FamilyView struct {
	Members     []authserver.User
	Away        []authserver.User       // who may come back; for admins only
	Invitations []authserver.Invitation // open ones; for admins only
	Admin       bool

	MembersWindow, AwayWindow, InvitationsWindow Window

	Household bool // the family's time zone can be asked for
	TimeZone  TimeZoneView
	CanMail   bool   // addresses can be confirmed
	For       string // address of the invitation just made; "": none was
	Link      string // of it, shown this once
}

var roles = []string{authserver.RoleMember, authserver.RoleAdmin, authserver.RoleGuest}

// roleOf is what the form of a member shows: their role, or what was chosen in its place
// when it was refused.
func (v *View) roleOf(id, role string) string {
	if chosen := v.Fields["role"]; v.Fields["id"] == id && slices.Contains(roles, chosen) {
		return chosen
	}
	return role
}

// Signs of what will happen, as strokes on a ground of 24 by 24.
const (
	leavingSign = "M10 4H5v16h5M15 8l4 4-4 4M19 12H9"
	keepingSign = "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8 12l3 3 5-6"
)
