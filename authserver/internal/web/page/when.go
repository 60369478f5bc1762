package page

import "time"

// near is the name of a day around today: "today", "yesterday" or "tomorrow"; "": of none.
func (v *View) near(at time.Time) string {
	now := v.Now.In(v.zone())
	switch at.In(v.zone()).Format(time.DateOnly) {
	case now.Format(time.DateOnly):
		return "today"
	case now.AddDate(0, 0, -1).Format(time.DateOnly):
		return "yesterday"
	case now.AddDate(0, 0, 1).Format(time.DateOnly):
		return "tomorrow"
	}
	return ""
}

// sameDay reports whether two moments are of one day of the reader.
func (v *View) sameDay(a, b time.Time) bool {
	return a.In(v.zone()).Format(time.DateOnly) == b.In(v.zone()).Format(time.DateOnly)
}

// when is a moment as short as it can be told: the days around today by name, others of
// this year without the year, earlier ones without the time.
func (v *View) when(at time.Time) (string, error) {
	if day := v.near(at); day != "" {
		return v.t("when."+day, v.clock(at))
	}
	local := at.In(v.zone())
	if local.Year() == v.Now.In(v.zone()).Year() {
		return local.Format(v.texts["format.day"]) + ", " + v.clock(at), nil
	}
	return v.date(at), nil
}
