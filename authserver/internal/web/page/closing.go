package page

import "latchkey/authserver"

// DeleteView is the data of DeletePage: what a deletion will do.
type DeleteView struct {
	Days   int  // for which it can be taken back; 0: it cannot
	Erases bool // the last member's family is erased

	Happens []Happening
}

// ReviewView is the data of ReviewPage: what a reset has suspended.
type ReviewView struct {
	Passkeys   []authserver.Passkey
	Identities []IdentityView
}

// What KeepPage can take away: names of its boxes, before a dash and an id.
const (
	RemovePasskey     = "passkey"
	RemoveIdentity    = "identity"
	RemoveKey         = "key"
	RemoveApplication = "application"
)

// mostKept is how many applications the page asks about; it leads to the others.
const mostKept = 30

// KeepView is the data of KeepPage: what can still sign in or act alone after a new
// password.
type KeepView struct {
	Passkeys     []authserver.Passkey
	Identities   []IdentityView
	Keys         []authserver.APIKey
	Applications []authserver.Application
}

// Empty reports whether there is nothing to ask about.
func (d *KeepView) Empty() bool {
	return len(d.Passkeys)+len(d.Identities)+len(d.Keys)+len(d.Applications) == 0
}
