package page

import "latchkey/authserver"

// UnlinkedView is the data of UnlinkedPage.
type UnlinkedView struct {
	Provider   string                 // label
	Email      string                 // as the provider says; "": it does not
	MayCreate  bool                   // whether an account may be made here
	Invitation *authserver.Invitation // into a family; nil: none
	AskCode    bool                   // the account has a second factor
	Family     string                 // that was chosen: "join" or "own"; "": none yet
}

// IdentityView is an account at a provider as the person it is connected with
// sees it.
type IdentityView struct {
	authserver.Identity
	Label string // of the provider
}

// IdentitiesView is the data of IdentitiesPage.
type IdentitiesView struct {
	Connected     []IdentityView
	Providers     []Provider // that can be connected
	NeedsPassword bool
}
