package page

import (
	"time"

	"latchkey/authserver"
)

// HomeView is how things stand for a person.
type HomeView struct {
	CanMail      bool // the address can be confirmed
	CanSeal      bool // a second factor can be set up
	CodesLeft    int  // recovery codes
	Passkeys     int
	Signins      []authserver.Signin // last seen first
	Devices      []authserver.Device
	HasKeys      bool // the server has API keys
	Applications []ApplicationView
	Keys         []KeyView
	Lately       []ActivityRow
}

const (
	mostShown  = 3 // rows of each card
	mostToDo   = 3
	fewCodes   = 3
	endingSoon = 14 * 24 * time.Hour
)

func first[T any](list []T) []T { return list[:min(len(list), mostShown)] }

// todo is something that waits for the person: the key of its sentence, with
// Name in it, and where it is done.
type todo struct{ Key, Name, Link string }

// todos is what waits, the most pressing first.
func (v *View) todos(d HomeView) []todo {
	var list []todo
	for _, k := range d.Keys {
		switch {
		case k.full():
			list = append(list, todo{"home.todo.full", k.Name, k.Path})
		case k.near():
			list = append(list, todo{"home.todo.near", k.Name, k.Path})
		case k.EndsSoon != nil && k.EndsSoon.Sub(v.Now) < endingSoon:
			list = append(list, todo{"home.todo.ending", k.Name, k.Path})
		}
	}
	if d.CanMail && !v.Signin.User.EmailConfirmed() {
		list = append(list, todo{"home.todo.email", "", "/settings/email/confirmation"})
	}
	switch {
	case v.Signin.User.SecondFactor && d.CodesLeft <= fewCodes:
		list = append(list, todo{"home.todo.codes", "", "/settings/second-factor/recovery"})
	case !v.Signin.User.SecondFactor && d.CanSeal && v.Signin.User.PasswordHash != "":
		list = append(list, todo{"home.todo.factor", "", "/settings/second-factor"})
	}
	return list[:min(len(list), mostToDo)]
}
