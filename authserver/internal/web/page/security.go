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

// StaleView is a form whose page had expired.
type StaleView struct {
	Action  string
	Carried []Carried
	Asked   []string // fields that hold secrets, and are asked for again
}

// autocomplete says what a field that is asked for again holds.
var autocomplete = map[string]string{"password": "current-password", "new_password": "new-password", "otp_code": "one-time-code"}

// kindOf is the type of an input that is asked for again.
func kindOf(name string) string {
	if name == "otp_code" {
		return "text"
	}
	return "password"
}
