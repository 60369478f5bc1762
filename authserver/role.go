package authserver

// Roles of a user in the family.
const (
	RoleAdmin  = "admin"
	RoleMember = "member"
	RoleGuest  = "guest"
)

// ValidRole reports whether role is one a family member can have.
func ValidRole(role string) bool {
	return role == RoleAdmin || role == RoleMember || role == RoleGuest
}
