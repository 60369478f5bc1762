package page

// SecurityView is the data of SecurityPage.
type SecurityView struct {
	CodesLeft int
	NoSealer  bool // no second factor can be set up
	Passkeys  int
	Providers bool // there are sign-in providers
}
