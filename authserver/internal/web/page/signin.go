package page

// Provider is a sign-in provider people can choose.
type Provider struct {
	Name  string // in addresses
	Label string // on buttons
}

// SignInView is the data of SignInPage.
type SignInView struct {
	CanSignUp bool
	Passkeys  bool // they work at this server's address
	Providers []Provider
}

// SignUpView is the data of SignUpPage.
type SignUpView struct {
	Closed     bool
	InviteOnly bool
	AskCode    bool // an invitation is offered or needed
	Providers  []Provider
}

// afterGone is the word for where one goes on from a link that is gone.
func afterGone(onward string) string {
	switch onward {
	case "/":
		return "error.home"
	case "/signin":
		return "signin.link"
	}
	return "linkgone.onward"
}
