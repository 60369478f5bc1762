package page

import "time"

// ago says in words how long ago at was. A day is the same wherever the reader
// is: no zone is needed.
func (v *View) ago(at time.Time) (string, error) {
	const day = 24 * time.Hour
	switch d := v.Now.Sub(at); {
	case d < time.Minute:
		return v.t("ago.now")
	case d < time.Hour:
		return v.t("ago.minutes", int(d/time.Minute))
	case d < 2*time.Hour:
		return v.t("ago.hour")
	case d < day:
		return v.t("ago.hours", int(d/time.Hour))
	case d < 2*day:
		return v.t("ago.day")
	case d < 30*day:
		return v.t("ago.days", int(d/day))
	}
	return v.date(at), nil
}
