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

// events is a picture of what happened on the instance by day.
func (v *View) events(name string, bad bool, spans []authserver.UsageHour) (*Chart, error) {
	c := &Chart{ID: name, Heading: "operator.chart." + name, Counts: countsEvents, Height: 150, Empty: "chart.empty." + name}
	if bad {
		c.Counts = countsRefusals
	}
	return v.chart(c, v.zone(), spans)
}

// chart completes c, a picture of spans, of which the last one runs.
func (v *View) chart(c *Chart, zone *time.Location, spans []authserver.UsageHour) (*Chart, error) {
	c.Span, c.Zone = "chart.day", zoneLabel(zone.String())
	label := func(at time.Time) string { return at.Format(v.texts["format.day"]) } // a date
	hourly := len(spans) > 1 && spans[1].Hour.Sub(spans[0].Hour) == time.Hour
	if hourly {
		c.Span, label = "chart.hour", hourIn(zone, spans)
	}
	var ok, no, most int64
	var mostAt string
	for i := range spans {
		b := barOf(&spans[i], label(spans[i].Hour))
		switch c.Counts {
		case countsEvents:
			b = Bar{Label: b.Label, OK: spans[i].Calls}
		case countsRefusals:
			b = Bar{Label: b.Label, Limit: spans[i].Calls}
		}
		ok, no = ok+b.OK, no+b.no()
		if sum := b.OK + b.no(); sum > most {
			most, mostAt = sum, b.Label
		}
		c.Bars = append(c.Bars, b)
	}
	var err error
	last := &c.Bars[len(c.Bars)-1]
	if last.Now, err = v.t(map[bool]string{true: "chart.now", false: "chart.today"}[hourly]); err != nil {
		return nil, err
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

func (v *View) summary(c *Chart, ok, no int64) (string, error) {
	switch {
	case c.Counts != countsRequests:
		return v.t("chart.lead.count", v.plain(ok+no))
	case no == 0:
		return v.t("chart.lead.ok", v.plain(ok))
	}
	return v.t("chart.lead.both", v.plain(ok), v.plain(no))
}

// barOf is a span of time with its label.
func barOf(u *authserver.UsageHour, label string) Bar {
	return Bar{Label: label, OK: u.Answered(), Limit: u.Limited, Forbid: u.Forbidden}
}

// hourIn says what time it is in zone when an hour of spans begins. Where clocks are
// changed meanwhile, an hour may be there twice: it is said which one it is.
func hourIn(zone *time.Location, spans []authserver.UsageHour) func(time.Time) string {
	layout := "15:04"
	_, first := spans[0].Hour.In(zone).Zone()
	if _, last := spans[len(spans)-1].Hour.In(zone).Zone(); first != last {
		layout = "15:04 MST"
	}
	return func(at time.Time) string { return at.In(zone).Format(layout) }
}
