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
	OrderNewest = ""       // the newest first
	OrderName   = "name"   // by name (people: by address)
	OrderSignin = "signin" // of people: who signed in last first
)

// Search chooses rows of a list and a page of them.
type Search struct {
	Text   string // in a name or address, or a whole id; "": any
	State  string // of the row; "": any
	Factor string // of people: FactorOn or FactorOff; "": any
	Signin string // of people, when the last one was: one of SigninSpans; "": any
	Order  string // OrderNewest, OrderName or OrderSignin
	After  Place  // the row before the page; zero: the first page
	Before Place  // instead of After, the row after the page
	Limit  int
	Whole  bool // the list is read to its end: nothing is counted
}

// Found is a page of a list.
type Found[T any] struct {
	Rows     []T
	Total    int   // of all pages; -1: not counted
	From     int   // rows before the page, where Total is counted
	Next     Place // of the last row; zero: there are no more
	Previous Place // of the first row; zero: there are none before
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

// At is the time of the row of the place, in a list by time.
func (p Place) At() time.Time {
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

// ErrPlace says that a place is none of the list.
var ErrPlace = fault.New(fault.Malformed, "This page of the list does not exist. Start at the first one.")

// ParsePlace reads what String wrote. ErrPlace: it did not.
func ParsePlace(order, text string) (Place, error) {
	if text == "" {
		return Place{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	id, by, ok := strings.Cut(string(raw), "\n")
	if err == nil && ok && order != OrderName {
		_, err = time.Parse(time.RFC3339Nano, by)
	}
	if err != nil || !ok || !utf8.Valid(raw) || strings.ContainsRune(string(raw), 0) {
		return Place{}, ErrPlace
	}
	return Place{by, id}, nil
}

// UserEntry is a user in a list of them.
type UserEntry struct {
	User
	SeenAt       *time.Time // at a browser; nil: not lately
	SignedInAt   time.Time  // last, at a browser or in the product's own app; NeverSignedIn: not that is known
	SignedInWith string     // user agent of that browser; "": not known, or an app
}

// States of users, for Search.
const (
	UserActive      = "active"
	UserClosed      = "closed" // deleted by the person, who can take it back for a while
	UserDeactivated = "deactivated"
	UserOperator    = "operator"
)

// Second factors of users, for Search.
const (
	FactorOn  = "on"
	FactorOff = "off"
)

// NeverSignedIn is the time of the last sign-in of who has none.
var NeverSignedIn = time.Unix(0, 0).UTC()

// SigninNever and SigninNot90 are the spans that end in the past.
const (
	SigninNot90 = "not90"
	SigninNever = "never"
)

// SigninSpans are when people may have signed in last, for Search: in so many days, not
// in 90, or never.
var SigninSpans = []string{"7", "30", "90", SigninNot90, SigninNever}

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
