package page

// SecurityView is the data of SecurityPage.
type SecurityView struct {
	CodesLeft int
	NoSealer  bool // no second factor can be set up
	Passkeys  int
	Providers bool // there are sign-in providers
}

// ConfirmationView is a form that waits for the password of who sent it.
type ConfirmationView struct {
	Action  string // where the form goes
	Back    string // where the person came from
	Carried []Carried
}

// Carried is a field that is sent on as it came.
type Carried struct{ Name, Value string }
