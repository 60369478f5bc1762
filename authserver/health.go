package authserver

import "time"

// Component is a part that the instance stands on, or work that it does by itself.
type Component struct {
	Name  string // "authserver", "resources", "database", "cache", "email", "erasure", "events" or "sweep"
	State string // a ComponentState
	Why   string // it does not work, or not as it should: a ComponentFault; "": it does
	Facts []HealthFact
}

// States of a Component.
const (
	ComponentWorks  = "works"
	ComponentBehind = "behind" // it works, but something waits too long
	ComponentFails  = "fails"
	ComponentOff    = "off" // nobody set it up
)

// Faults of a Component.
const (
	FaultTimeout     = "timeout"     // no answer in time
	FaultUnreachable = "unreachable" // or its answer is an error
	FaultSecret      = "secret"      // it refuses the secret
	FaultReadOnly    = "readonly"
	FaultUndelivered = "undelivered" // what goes to it was tried in vain
	FaultReplica     = "replica"     // one of its replicas is far behind
	FaultWaits       = "waits"       // work has waited for too long
	FaultError       = "error"       // the log says which
)

// HealthFact is one thing known about a Component: a Text, a Word, a moment, or else a
// number. It holds no secret.
type HealthFact struct {
	Name  string
	Text  string
	Word  string // name of a word of ours
	At    time.Time
	N, Of int64  // Of is the most that N can be; 0: there is no such bound
	Unit  string // of N: UnitBytes or UnitMilliseconds; "": it is a count
}

// Units of facts.
const (
	UnitBytes        = "bytes"
	UnitMilliseconds = "ms"
)

// Wrong reports whether somebody has to look at c.
func (c *Component) Wrong() bool { return c.State == ComponentFails || c.State == ComponentBehind }

// Fail says that c does not work, and why.
func (c *Component) Fail(why string) { c.State, c.Why = ComponentFails, why }
