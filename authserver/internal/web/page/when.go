package page

import "time"

// when is a moment as short as it can be told: the days around today by name, others of
// this year without the year, earlier ones without the time.
func (v *View) when(at time.Time) (string, error) {
	now, local := v.Now.In(v.zone()), at.In(v.zone())
	switch local.Format(time.DateOnly) {
	case now.Format(time.DateOnly):
		return v.t("when.today", v.clock(at))
	case now.AddDate(0, 0, -1).Format(time.DateOnly):
		return v.t("when.yesterday", v.clock(at))
	case now.AddDate(0, 0, 1).Format(time.DateOnly):
		return v.t("when.tomorrow", v.clock(at))
	}
	if local.Year() == now.Year() {
		return local.Format(v.texts["format.day"]) + ", " + v.clock(at), nil
	}
	return v.date(at), nil
}
