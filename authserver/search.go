package authserver

import (
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/pkg/fault"
)

// Orders of a list.
const (
	OrderNewest = ""     // the newest first
	OrderName   = "name" // by name (people: by address)
)

// Search chooses rows of a list and a page of them.
type Search struct {
	Text  string // in a name or address, or a whole id; "": any
	State string // of the row; "": any
	Order string // OrderNewest or OrderName
	After Place  // the row before the page; zero: the first page
	Limit int
}

// Found is a page of a list.
type Found[T any] struct {
	Rows  []T
	Total int   // of all pages
	Next  Place // of the last row; zero: there are no more
}

// Place is where in a list a row stands: what the list is ordered by, and its id.
type Place struct {
	By string
	ID string
}

// NewPlace is the place of a row in the order.
func NewPlace(order, name string, created time.Time, id string) Place {
	if order == OrderName {
		return Place{name, id}
	}
	return Place{created.UTC().Format(time.RFC3339Nano), id}
}

// Created is when the row of the place was made, in a list with the newest first.
func (p Place) Created() time.Time {
	at, _ := time.Parse(time.RFC3339Nano, p.By) // ParsePlace has looked at it
	return at
}

// String is the place as an address carries it; "" for the first page.
func (p Place) String() string {
	if p.ID == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(p.ID + "\n" + p.By))
}

// ParsePlace reads what String wrote. fault.Malformed: it did not.
func ParsePlace(order, text string) (Place, error) {
	if text == "" {
		return Place{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	id, by, ok := strings.Cut(string(raw), "\n")
	if err == nil && ok && order == OrderNewest {
		_, err = time.Parse(time.RFC3339Nano, by)
	}
	if err != nil || !ok || !utf8.Valid(raw) || strings.ContainsRune(string(raw), 0) {
		return Place{}, fault.New(fault.Malformed, "This page of the list does not exist. Start at the first one.")
	}
	return Place{by, id}, nil
}

// UserEntry is a user in a list of them.
type UserEntry struct {
	User
	SeenAt    *time.Time // at a browser; nil: not lately
	UserAgent string     // of that browser
}

// States of users, for Search.
const (
	UserActive      = "active"
	UserClosed      = "closed" // deleted by the person, who can take it back for a while
	UserDeactivated = "deactivated"
	UserNoFactor    = "no_factor" // active, with a password alone
	UserOperator    = "operator"
)

// FamilyEntry is a family in a list of them.
type FamilyEntry struct {
	Family
	Members int // active
}

// States of clients, for Search.
const (
	ClientVouched    = "vouched" // registered by the operator
	ClientOwned      = "owned"   // registered by a person
	ClientIntroduced = "introduced"
	ClientDisabled   = "disabled"
	ClientServer     = "server" // a resource server
)

// KeyEntry is an API key in a list of everybody's.
type KeyEntry struct {
	*APIKey
	Email string // of its owner
}

// States of API keys, for Search.
const (
	KeyLive  = "live"
	KeyEnded = "ended"
)

// InstanceCounts say how much an instance holds.
type InstanceCounts struct {
	Users, Families, Clients, Grants, Keys, Outbox int
}
