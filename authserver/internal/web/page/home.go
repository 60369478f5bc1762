package page

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"latchkey/authserver"
)

// HomeView is how things stand for a person.
type HomeView struct {
	CanMail      bool // the address can be confirmed
	CanSeal      bool // a second factor can be set up
	CodesLeft    int  // recovery codes
	Passkeys     []authserver.Passkey
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
	mostLately = 5
	fewCodes   = 3
	endingSoon = 14 * 24 * time.Hour
)

// lately are the latest rows of what happened, each with all that it stands for.
func (v *View) lately(d HomeView) []ActivityRow {
	rows := v.folded(d.Lately)
	return rows[:min(len(rows), mostLately)]
}

func first[T any](list []T) []T { return list[:min(len(list), mostShown)] }

// passkeyNames are the names of the first ones.
func (d HomeView) passkeyNames() string {
	var names []string
	for _, one := range first(d.Passkeys) {
		names = append(names, one.Name)
	}
	if len(d.Passkeys) > mostShown {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// places are the sign-ins that are shown: this one, then those that wait to be
// recognised.
func (v *View) places(d HomeView) []authserver.Signin {
	rank := func(one authserver.Signin) int {
		switch {
		case one.ID == v.Signin.ID:
			return 0
		case one.Unfamiliar:
			return 1
		}
		return 2
	}
	list := slices.Clone(d.Signins)
	slices.SortStableFunc(list, func(a, b authserver.Signin) int { return cmp.Compare(rank(a), rank(b)) })
	return first(list)
}

// todo is something that waits for the person: the key of its sentence, with Name before
// it, and where it is done.
type todo struct {
	Key, Name, Link string
	Icon            string             // "": the warning sign
	Bad             bool               // something fails already
	Signin          *authserver.Signin // what it is about
	At              *KeyView
}

// todos is what waits, the most pressing first.
func (v *View) todos(d HomeView) []todo {
	var list, later []todo
	for i, one := range d.Signins {
		if one.Unfamiliar && one.ID != v.Signin.ID {
			list = append(list, todo{Key: "home.todo.signin", Link: recognition(one), Signin: &d.Signins[i]})
		}
	}
	for i, k := range d.Keys {
		switch {
		case k.Full():
			list = append(list, todo{Key: "home.todo.full", Name: k.Name, Link: k.Path, Icon: "nav.keys", Bad: true, At: &d.Keys[i]})
		case k.EndsSoon != nil && k.EndsSoon.Sub(v.Now) < endingSoon:
			list = append(list, todo{Key: "home.todo.ending", Name: k.Name, Link: k.Path, Icon: "nav.keys"})
		case k.near():
			later = append(later, todo{Key: "home.todo.near", Name: k.Name, Link: k.Path, Icon: "nav.keys"})
		}
	}
	if d.CanMail && !v.Signin.User.EmailConfirmed() {
		list = append(list, todo{Key: "home.todo.email", Link: "/settings/email/confirmation", Icon: "nav.invites"})
	}
	switch {
	case v.Signin.User.SecondFactor && d.CodesLeft <= fewCodes:
		list = append(list, todo{Key: "home.todo.codes", Link: "/settings/second-factor/recovery", Icon: "nav.security"})
	case !v.Signin.User.SecondFactor && d.CanSeal && v.Signin.User.PasswordHash != "":
		list = append(list, todo{Key: "home.todo.factor", Link: "/settings/second-factor", Icon: "nav.security"})
	}
	list = append(list, later...)
	return list[:min(len(list), mostToDo)]
}

// sign is the class of the picture before it.
func (t todo) sign() string {
	if t.Bad {
		return "sign bad"
	}
	return "sign warn"
}

// waits is what it says after its name.
func (v *View) waits(t todo, d HomeView) (string, error) {
	if t.Key == "home.todo.codes" {
		return v.t(t.Key, d.CodesLeft)
	}
	return v.t(t.Key)
}

// refusals says what a key at its limit has refused, and when it works again.
func (v *View) refusals(k KeyView) (string, error) {
	again, err := v.again(k)
	if err != nil || k.Refused == 0 {
		return again, err
	}
	refused, err := v.t("key.full.refused", v.plain(k.Refused))
	return refused + " " + again, err
}
