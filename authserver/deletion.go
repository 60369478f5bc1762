package authserver

import "time"

// Deletion is how far the deletion of an account is.
type Deletion struct {
	ClosedAt time.Time  // everything of it ended
	EraseAt  *time.Time // until then it can be restored; nil: not any more
	ErasedAt *time.Time // the account is erased; nil: it is not yet
	Erasure  *Erasure   // of the family's data; nil: they stay, or the account is not erased yet
	Until    time.Time  // the link that follows it is good
}

// Erasure is how far the erasure of a family's data is.
type Erasure struct {
	ID        string // of the outbox message
	FamilyID  string
	CreatedAt time.Time  // the last member left for good
	Attempts  int        // that were begun
	NextAt    time.Time  // of the next attempt
	ClaimedAt *time.Time // the attempt that runs began; nil: none does
	Failure   string     // of the last attempt: FailureTimeout, FailureUnreachable or the status of the answer; "": none failed
	DoneAt    *time.Time
}

// How an attempt failed that got no answer.
const (
	FailureTimeout     = "timeout"
	FailureUnreachable = "unreachable"
)

// States of an Erasure, and of Search.
const (
	ErasureWaiting = "waiting"
	ErasureRunning = "running"
	ErasureFailing = "failing" // it is tried again
	ErasureDone    = "done"
)

// State returns which it is in.
func (e *Erasure) State() string {
	switch {
	case e.DoneAt != nil:
		return ErasureDone
	case e.ClaimedAt != nil:
		return ErasureRunning
	case e.Failure != "":
		return ErasureFailing
	}
	return ErasureWaiting
}
