package authserver

import "errors"

// ErrNotClaimed is returned when a single-use thing was not there to be
// claimed: it does not exist for this caller, or somebody else was first.
var ErrNotClaimed = errors.New("not claimed")
