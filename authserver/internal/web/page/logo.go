package page

import "latchkey/authserver"

// LogosPath is where the pictures of applications are, by their checksums.
const LogosPath = "/logos"

// Emblem is what stands for an application: its picture, or its initial.
type Emblem struct {
	Logo, Initial string
	OnDevice      bool // it is a program on the person's device
}

// shownEmblem is what people see of c, which they know as name.
func shownEmblem(c *authserver.Client, name string) Emblem {
	e := Emblem{Logo: c.ShownLogo(), Initial: initial(name)}
	if len(c.RedirectURIs) > 0 {
		_, e.OnDevice = redirectHost(c.RedirectURIs[0])
	}
	return e
}

// OwnEmblem is what those see who look after c: its picture, whoever has looked at it.
func OwnEmblem(c *authserver.Client) Emblem {
	return Emblem{Logo: c.Logo, Initial: initial(PlainName(c.Name))}
}

func (e Emblem) src() string { return LogosPath + "/" + e.Logo }

// LogoView is the data of LogoPage.
type LogoView struct {
	Emblem
	Name    string
	Back    string // path of the application's page
	Action  string // of the forms
	Remove  string // page that asks before there is none
	Verify  string // page where an operator looks at it and verifies the application; "": there is nothing to verify
	Waits   bool   // people see it once an operator has looked at it
	Own     bool   // whoever looks has registered the application
	Address string // of a picture that the application names; "": none
}

// state is the key of the sentence about who sees the picture.
func (d LogoView) state() string {
	switch {
	case d.Logo == "":
		return "logo.state.none"
	case d.Waits && d.Own:
		return "logo.state.waits"
	case d.Waits:
		return "logo.state.look"
	}
	return "logo.state.shown"
}
