package page

import (
	"latchkey/authserver"
	"latchkey/pkg/role"
)

// Ability is what an application may do with a scope in somebody's name.
type Ability struct {
	Scope   string // read, read_write, or more: what read_write has beyond read
	Changes bool   // the person's role lets it change the household's data
	Erases  bool   // and delete all of it
	Days    int    // for which a closed account can be restored; 0: it cannot
	Given   bool   // the person has allowed it
}

// NewAbility is what scope opens in the name of u.
func NewAbility(scope string, u *authserver.User, days int) Ability {
	return Ability{Scope: scope, Changes: u.May(role.ChangeData), Erases: u.May(role.ResetData), Days: days}
}

// writes reports whether the scope is for more than looking.
func (a Ability) writes() bool { return a.Scope != "read" }

// guest reports whether the scope says more than the person may do.
func (a Ability) guest() bool { return a.writes() && !a.Changes }

// may is the key of what it opens without destroying anything; "": nothing.
func (a Ability) may() string {
	switch {
	case !a.guest():
		return "scope." + a.Scope + ".may"
	case a.Scope == "more":
		return ""
	}
	return "scope.read.may"
}

// heading is the key that heads what it can destroy.
func (a Ability) heading() string {
	if a.Given {
		return "scope.powers.given"
	}
	return "scope.powers"
}

// not is the key of what it does not open.
func (a Ability) not() string {
	if a.writes() {
		return "scope.read_write.not"
	}
	return "scope.read.not"
}
