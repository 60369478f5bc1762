package page

import (
	"net/url"

	"latchkey/authserver"
)

// Periods that the pictures of the overview may have, as its address has them.
const (
	PeriodDay   = "24h"
	PeriodWeek  = "7d"
	PeriodMonth = "30d"
	PeriodYear  = "year"
)

// Periods are all of them.
var Periods = []string{PeriodDay, PeriodWeek, PeriodMonth, PeriodYear}

// OverviewView is how the instance stands.
type OverviewView struct {
	Version string
	Period  string
	Table   string // name of the picture that is shown as a table; "": none
	Health  []authserver.Component
	Counts  []CountView
	Times   LatencyView // in the period
	Days    LatencyView // today last

	Decisions []DecisionView
	Erasures  []ErasureView // that are due next
}

// CountView is how often something happened on the instance.
type CountView struct {
	Name           string
	Bad            bool
	Spans          []authserver.UsageHour // of the period
	Today          int64
	Yesterday      int64
	SoFar, WeekAgo int64 // of today and of the same day a week ago, until this hour began
}

// Pictures are the names of the pictures of the overview.
var Pictures = []string{authserver.CountSignins, authserver.CountRefused, authserver.CountTokens, latencyPicture}

const latencyPicture = "latency"

// address is the overview with a period, and a picture of it as a table.
func (d *OverviewView) address(period, table string) string {
	q := url.Values{}
	if period != PeriodMonth {
		q.Set("period", period)
	}
	if table != "" {
		q.Set("table", table)
	}
	if len(q) == 0 {
		return OperatorPath
	}
	return OperatorPath + "?" + q.Encode()
}

// picture is the frame of a picture of the overview.
func (d *OverviewView) picture(name, counts string) *Chart {
	c := &Chart{
		ID: name, Heading: "operator.chart." + name, Counts: counts, Height: 150, Empty: "chart.empty." + name, Sum: "chart.sum." + d.Period,
		AsTable: d.Table == name, Swap: d.address(d.Period, name) + "#" + name + "-heading",
	}
	if c.AsTable {
		c.Swap = d.address(d.Period, "") + "#" + name + "-heading"
	}
	return c
}

// count is a picture of what happened on the instance.
func (v *View) count(d *OverviewView, one *CountView) (*Chart, error) {
	counts := countsEvents
	if one.Bad {
		counts = countsRefusals
	}
	return v.chart(d.picture(one.Name, counts), v.zone(), one.Spans)
}

// enough is how often something must have happened to be compared, and alike is how many
// per cent of difference mean nothing.
const (
	enough = 20
	alike  = 5
)

// compared says whether there was more today than on the same day a week ago, until the
// same hour; where there was too little of it, how much there was yesterday.
func (v *View) compared(one *CountView) (string, error) {
	if one.WeekAgo < enough {
		return v.t("operator.today.yesterday", v.plain(one.Yesterday))
	}
	switch change := (one.SoFar - one.WeekAgo) * 100 / one.WeekAgo; {
	case change >= alike:
		return v.t("operator.today.more", v.plain(change))
	case change <= -alike:
		return v.t("operator.today.fewer", v.plain(-change))
	}
	return v.t("operator.today.alike")
}

// daysOf says whose hours, days or months the pictures are cut by.
func (v *View) daysOf(d *OverviewView) (string, error) {
	if d.Period == PeriodYear {
		return v.t("usage.fine.months")
	}
	return v.daysAre()
}
