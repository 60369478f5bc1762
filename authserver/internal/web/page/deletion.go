package page

import (
	"time"

	"latchkey/authserver"
)

// DeletionView is the data of DeletionPage.
type DeletionView struct {
	Here     string // its own address
	Restored *time.Time
	Steps    []DeletionStep
	Done     int
	Moves    bool // it will soon be further
	Until    time.Time
}

// DeletionStep is one thing that a deletion does.
type DeletionStep struct {
	Key   string // deletion.…: what is done
	State string // deletion.state.…
	Badge string // class
	Text  string // key of what else there is to say; "": nothing
	At    *time.Time
}

// NewDeletionView shows d at now. erases: the data of families are erased with the last
// member.
func NewDeletionView(d *authserver.Deletion, erases bool, now time.Time, here string) DeletionView {
	v := DeletionView{Here: here, Until: d.Until, Steps: []DeletionStep{
		{Key: "deletion.closed", State: "deletion.state.done", Badge: "good", At: &d.ClosedAt}, accountStep(d), householdStep(d, erases),
	}}
	if d.EraseAt != nil && d.EraseAt.After(now) {
		v.Restored = d.EraseAt
	}
	for _, one := range v.Steps {
		if one.State == "deletion.state.done" || one.State == "deletion.state.stays" {
			v.Done++
		}
	}
	v.Moves = d.EraseAt != nil && v.Restored == nil || d.Erasure != nil && erases && d.Erasure.DoneAt == nil
	return v
}

func accountStep(d *authserver.Deletion) DeletionStep {
	if d.EraseAt != nil {
		return DeletionStep{Key: "deletion.account", State: "deletion.state.waiting", Badge: "warn", Text: "deletion.account.at", At: d.EraseAt}
	}
	return DeletionStep{Key: "deletion.account", State: "deletion.state.done", Badge: "good", At: d.ErasedAt}
}

func householdStep(d *authserver.Deletion, erases bool) DeletionStep {
	step := DeletionStep{Key: "deletion.household", State: "deletion.state.waiting", Badge: "warn"}
	switch {
	case d.EraseAt != nil:
		step.Text = "deletion.household.then"
	case d.Erasure == nil:
		step.State, step.Badge, step.Text = "deletion.state.stays", "plain", "deletion.household.stays"
	case !erases:
		step.State, step.Badge, step.Text = "deletion.state.stays", "bad", "deletion.household.off"
	case d.Erasure.State() == authserver.ErasureDone:
		step.State, step.Badge, step.At = "deletion.state.done", "good", d.Erasure.DoneAt
	case d.Erasure.State() == authserver.ErasureRunning:
		step.State, step.At = "deletion.state.running", d.Erasure.ClaimedAt
	case d.Erasure.State() == authserver.ErasureFailing:
		step.State, step.Badge, step.Text, step.At = "deletion.state.failing", "bad", "deletion.household.again", &d.Erasure.NextAt
	}
	return step
}
