package page

import "latchkey/pkg/preference"

// schemes are the colour schemes that the page has.
func (v *View) schemes() string { return preference.Schemes(v.Theme) }

// darkMedia says when the page is dark; "": never.
func (v *View) darkMedia() string { return preference.Media(v.Theme) }
