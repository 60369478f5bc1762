package page

import "latchkey/pkg/habit"

// schemes are the colour schemes that the page has.
func (v *View) schemes() string { return habit.Schemes(v.Theme) }

// darkMedia says when the page is dark; "": never.
func (v *View) darkMedia() string { return habit.Media(v.Theme) }
