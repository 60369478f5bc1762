package page

import (
	"time"

	"latchkey/authserver"
)

// What a UsageView is of: it decides what is said where there is nothing to draw.
const (
	UsageOfKey       = "key"
	UsageOfClient    = "client" // one's own
	UsageOfAnyClient = "any"    // the operator looks at it
	UsageOfGrant     = "grant"
)

// UsageView is how often something was used lately.
type UsageView struct {
	Kind        string
	UTC         bool                   // days are those of UTC wherever the reader is, and there are no hours
	Hours, Days []authserver.UsageHour // empty: not known
	Limit       int64                  // an hour; 0: none
	Addresses   []authserver.KeyAddress
	Window      Window // of the addresses
}

// Refused is how many requests were refused in the hour that runs.
func (u *UsageView) Refused() int64 {
	if len(u.Hours) == 0 {
		return 0
	}
	return u.Hours[len(u.Hours)-1].Refused()
}

// sum is what was counted in all days.
func (u *UsageView) sum() *authserver.UsageHour {
	sum := authserver.UsageHour{}
	for i := range u.Days {
		sum.Add(&u.Days[i])
	}
	return &sum
}

// Calls is how many requests were counted in all days.
func (u *UsageView) Calls() int64 { return u.sum().Calls }

// charts are the pictures of u.
func (v *View) charts(u *UsageView) ([]*Chart, error) {
	var list []*Chart
	zone := v.zone()
	if u.UTC {
		zone = time.UTC
	}
	for _, one := range []struct {
		id     string
		spans  []authserver.UsageHour
		limit  int64
		height int
	}{{"hours", u.Hours, u.Limit, 180}, {"days", u.Days, 0, 150}} {
		if len(one.spans) == 0 || one.id == "hours" && u.idle() {
			continue // an empty month says it for its last day too
		}
		c, err := v.chart(&Chart{
			ID: one.id, Heading: "usage." + one.id, Counts: countsRequests, Limit: one.limit, Height: one.height,
			Empty: "chart.empty." + u.Kind + "." + one.id,
		}, zone, one.spans)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// idle reports whether nothing was counted.
func (u *UsageView) idle() bool { return *u.sum() == authserver.UsageHour{} }

// fine says whose days those of u are.
func (v *View) fine(u *UsageView) (string, error) {
	if u.UTC {
		return v.t("usage.fine.utc")
	}
	return v.daysAre()
}

// daysAre says whose hours and days pictures are cut by. What is counted by the hours of
// UTC cannot be cut within them: where clocks are half an hour off, days are too.
func (v *View) daysAre() (string, error) {
	text, err := v.t("usage.fine", zoneLabel(v.where()))
	_, east := v.Now.In(v.zone()).Zone() // seconds
	const hour = 3600
	if odd := (east%hour + hour) % hour; err == nil && odd != 0 {
		cut, failed := v.t("usage.fine.cut", time.Time{}.Add(time.Duration(odd)*time.Second).Format("15:04"))
		text, err = text+" "+cut, failed
	}
	return text, err
}

// chart completes c, a picture of spans, of which the last one runs.
func (v *View) chart(c *Chart, zone *time.Location, spans []authserver.UsageHour) (*Chart, error) {
	label, err := v.spans(c, zone, len(spans), func(i int) time.Time { return spans[i].Hour })
	if err != nil {
		return nil, err
	}
	var ok, no, most int64
	var mostAt string
	for i := range spans {
		b := &c.Bars[i]
		b.OK, b.Limit, b.Forbid = spans[i].Answered(), spans[i].Limited, spans[i].Forbidden
		switch c.Counts {
		case countsEvents:
			*b = Bar{Label: b.Label, Now: b.Now, OK: spans[i].Calls}
		case countsRefusals:
			*b = Bar{Label: b.Label, Now: b.Now, Limit: spans[i].Calls}
		}
		ok, no = ok+b.OK, no+b.no()
		if sum := b.OK + b.no(); sum > most {
			most, mostAt = sum, label(spans[i].Hour)
		}
	}
	c.No, c.none = no > 0, most == 0
	if c.Lead, err = v.summary(c, ok, no); err != nil {
		return nil, err
	}
	c.Story = c.Lead
	if most > 0 {
		peak, err := v.t("chart.most", v.plain(most), mostAt)
		if err != nil {
			return nil, err
		}
		c.Story += ". " + peak
	}
	c.scale()
	return c, nil
}

// spans gives c a bar for each of n spans of time, with its label: hours, dates or months,
// as they are apart. The last one runs.
func (v *View) spans(c *Chart, zone *time.Location, n int, at func(i int) time.Time) (label func(time.Time) string, err error) {
	c.Span, c.Zone = "chart.day", zoneLabel(zone.String())
	label = func(at time.Time) string { return at.Format(v.texts["format.day"]) } // a date
	now := "chart.today"
	switch length := at(n - 1).Sub(at(n - 2)); {
	case length == time.Hour:
		c.Span, now, label = "chart.hour", "chart.now", hourIn(zone, at(0), at(n-1))
	case length > 27*24*time.Hour:
		c.Span, c.Zone, now = monthly, "UTC", "chart.now"
		label = func(at time.Time) string { return at.Format(v.texts["format.month"]) }
	}
	for i := range n {
		c.Bars = append(c.Bars, Bar{Label: label(at(i))})
	}
	c.Bars[n-1].Now, err = v.t(now)
	return label, err
}

func (v *View) summary(c *Chart, ok, no int64) (string, error) {
	switch {
	case c.Counts != countsRequests:
		return v.t(c.Sum, v.plain(ok+no))
	case no == 0:
		return v.t("chart.lead.ok", v.plain(ok))
	}
	return v.t("chart.lead.both", v.plain(ok), v.plain(no))
}

// hourIn says what time it is in zone when an hour between two begins. Where clocks are
// changed meanwhile, an hour may be there twice: it is said which one it is.
func hourIn(zone *time.Location, first, last time.Time) func(time.Time) string {
	layout := "15:04"
	_, before := first.In(zone).Zone()
	if _, after := last.In(zone).Zone(); before != after {
		layout = "15:04 MST"
	}
	return func(at time.Time) string { return at.In(zone).Format(layout) }
}
