package authserver

import "time"

// ClientUse is how many people allow a client something, but for its owner.
type ClientUse struct {
	ClientID string
	People   int // up to a thousand
}

// Refused is how often sign-ins were refused, of those that are on record, from one address
// or to one account.
type Refused struct {
	Of     string // the address, or the id of the user
	Times  int
	Others int // accounts that were tried from the address, or addresses that the account was tried from
}

// LimitedHour is an hour in which a key was over its limit.
type LimitedHour struct {
	KeyID string
	Hour  time.Time
}
