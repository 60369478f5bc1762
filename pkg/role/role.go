// Package role says what the members of a family may do. Both services ask it;
// docs/roles.md shows the same table.
package role

import "latchkey/pkg/scope"

// The roles of a family's members.
const (
	Admin  = "admin"
	Member = "member"
	Guest  = "guest"
)

// Right is something that a role allows or does not.
type Right string

// The rights. OwnAccount covers everything that concerns nobody else: sign-in,
// API keys, allowed and registered applications, export, deletion.
const (
	SeeData      Right = "see the household's data"
	ChangeData   Right = "change the household's data"
	ResetData    Right = "delete all of the household's data"
	SeeMembers   Right = "see who is in the family"
	ManageFamily Right = "invite and remove people, change roles and the family's name"
	OwnAccount   Right = "look after one's own account, keys and applications"
)

// Rights returns every right, in the order of docs/roles.md.
func Rights() []Right {
	return []Right{SeeData, ChangeData, ResetData, SeeMembers, ManageFamily, OwnAccount}
}

// Names returns the roles, the most powerful first.
func Names() []string { return []string{Admin, Member, Guest} }

// Valid reports whether name is one a family member can have.
func Valid(name string) bool { return name == Admin || name == Member || name == Guest }

// May reports whether a role allows a right. An unknown role allows nothing.
func May(name string, right Right) bool {
	switch name {
	case Admin:
		return true
	case Member:
		return right != ResetData && right != ManageFamily
	case Guest:
		return right == SeeData || right == SeeMembers || right == OwnAccount
	}
	return false
}

// Narrow returns what is left of granted for the household's data: a credential
// does no more than its owner may.
func Narrow(name string, granted scope.Set) scope.Set {
	switch {
	case May(name, ChangeData):
		return granted
	case May(name, SeeData) && granted.Satisfies(scope.Read):
		return scope.Read
	}
	return 0
}
