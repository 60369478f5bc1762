package authserver

import "latchkey/pkg/role"

// Roles of a user in the family; package role says what each may do.
const (
	RoleAdmin  = role.Admin
	RoleMember = role.Member
	RoleGuest  = role.Guest
)

// ValidRole reports whether name is a role that a family member can have.
func ValidRole(name string) bool { return role.Valid(name) }

// May reports whether the user's role allows right.
func (u *User) May(right role.Right) bool { return role.May(u.Role, right) }
