package authserver

import "time"

// Application is a client as the person who allowed it sees it.
type Application struct {
	Client  Client
	Consent Consent
	Grants  int        // how many of its grants hold tokens that work
	UsedAt  *time.Time // when it last got or used one, to the minute; nil: not since it was allowed
}

// Live reports whether it holds tokens that work.
func (a *Application) Live() bool { return a.Grants > 0 }
