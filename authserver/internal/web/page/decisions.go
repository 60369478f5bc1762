package page

import "time"

// DecisionView is one thing that waits for a decision of the operator's.
type DecisionView struct {
	Kind string // decide.KIND is what it does, after its name
	Name string
	N    int64     // of the sentence of what it does; 0: that has none
	Fine []Counted // about it
	Text string    // about it
	Href string
}

// Counted is a number with the words of Key, which are of several; KEY.one is of one.
type Counted struct {
	Key string
	N   int
}

// howMany is a number with its words.
func (v *View) howMany(c Counted) (string, error) { return v.several(c.Key, int64(c.N)) }

// does is what d does.
func (v *View) does(d *DecisionView) (string, error) {
	if d.N > 0 {
		return v.t("decide."+d.Kind, v.plain(d.N))
	}
	return v.t("decide." + d.Kind)
}

// ErasureView is how far the erasure of a household is.
type ErasureView struct {
	State, Badge string // key and class
	Tries        int
	Next         *time.Time // of the next attempt; nil: it is not known, or one runs
}
