// Package scope knows the two OAuth scopes of the product, read and read_write,
// and that the second includes the first.
package scope

import (
	"errors"
	"strings"
)

// Set is a set of scopes. The zero Set is empty and satisfies nothing.
type Set uint8

// The scopes.
const (
	Read      Set = 1 << iota // see everything of the family
	ReadWrite                 // Read, and change it
)

// All is every scope there is.
const All = Read | ReadWrite

// errUnknown is returned by Parse for a scope that does not exist.
var errUnknown = errors.New("unknown scope")

// Parse reads a space-separated scope list (RFC 6749 section 3.3). An empty
// list is the empty Set; an unknown scope is an error.
func Parse(list string) (Set, error) {
	if one, err := parseOne(list); err == nil {
		return one, nil
	}
	var s Set
	for name := range strings.FieldsSeq(list) {
		one, err := parseOne(name)
		if err != nil {
			return 0, err
		}
		s |= one
	}
	return s, nil
}

func parseOne(name string) (Set, error) {
	switch name {
	case "read":
		return Read, nil
	case "read_write":
		return ReadWrite, nil
	}
	return 0, errUnknown
}

// Names returns the scopes of s, smallest first.
func (s Set) Names() []string {
	names := make([]string, 0, 2)
	if s&Read != 0 {
		names = append(names, "read")
	}
	if s&ReadWrite != 0 {
		names = append(names, "read_write")
	}
	return names
}

// String returns the space-separated list, as OAuth writes it.
func (s Set) String() string {
	switch s {
	case 0:
		return ""
	case Read:
		return "read"
	case ReadWrite:
		return "read_write"
	}
	return "read read_write"
}

// Satisfies reports whether a holder of s may do what needs need:
// read_write includes read.
func (s Set) Satisfies(need Set) bool {
	if s&ReadWrite != 0 {
		return true
	}
	return need&^s == 0
}

// Missing returns what need asks beyond what s satisfies.
func (s Set) Missing(need Set) Set {
	var missing Set
	for _, one := range []Set{Read, ReadWrite} {
		if need&one != 0 && !s.Satisfies(one) {
			missing |= one
		}
	}
	return missing
}
