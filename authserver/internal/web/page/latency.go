package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"latchkey/authserver"
)

// LatencySpan is how long requests took in one span of time; At is its beginning, of a date
// midnight in UTC.
type LatencySpan struct {
	At time.Time
	authserver.Latency
}

// LatencyView is how long requests took, the span that runs last.
type LatencyView []LatencySpan

// Shares of the requests that a time to answer is said of.
const (
	half  = .5
	most  = .95
	worst = .99
)

// all is every day in one.
func (d LatencyView) all() *authserver.Latency {
	sum := authserver.Latency{}
	for i := range d {
		for n, count := range d[i].Latency {
			sum[n] += count
		}
	}
	return &sum
}

func (d LatencyView) ago(days int) *authserver.Latency { return &d[len(d)-1-days].Latency }

// within is the time in which a share of requests was answered, in milliseconds; a dash
// where there were none.
func (v *View) within(l *authserver.Latency, share float64) string {
	if l.Requests() == 0 {
		return "–"
	}
	took := l.Within(share)
	if ms := float64(took) / float64(time.Millisecond); ms < 9.95 {
		return strings.Replace(strconv.FormatFloat(ms, 'f', 1, 64), ".", v.texts["format.decimal"], 1)
	}
	return v.plain(took.Round(time.Millisecond).Milliseconds())
}

// milliseconds is the time in which all but the slowest were answered, with its unit; a
// dash where there were none.
func (v *View) milliseconds(l *authserver.Latency) (string, error) {
	if l.Requests() == 0 {
		return "–", nil
	}
	return v.t("latency.ms", v.within(l, worst))
}

// lastWeek is how long the slowest took yesterday and a week ago, as far as there were any.
func (v *View) lastWeek(d LatencyView) (string, error) {
	yesterday, err := v.milliseconds(d.ago(1))
	if err != nil {
		return "", err
	}
	week, err := v.milliseconds(d.ago(7))
	switch {
	case err != nil:
		return "", err
	case d.ago(1).Requests() == 0 && d.ago(7).Requests() == 0:
		return v.t("operator.today.first")
	case d.ago(7).Requests() == 0:
		return v.t("operator.today.yesterday", yesterday)
	case d.ago(1).Requests() == 0:
		return v.t("operator.today.ago", week)
	}
	return v.t("operator.today.week", yesterday, week)
}

// latency is the frame of the picture of d: its words, and how high it reaches.
func (v *View) latency(d LatencyView, c *Chart) (*Chart, error) {
	label, err := v.spans(c, v.zone(), len(d), func(i int) time.Time { return d[i].At })
	if err != nil {
		return nil, err
	}
	peak, peakAt := time.Duration(0), ""
	for i := range d {
		if slowest := d[i].Within(worst); slowest > peak {
			peak, peakAt = slowest, label(d[i].At)
		}
	}
	all := d.all()
	c.none = all.Requests() == 0
	c.reach(max(int64(math.Ceil(float64(peak)/float64(time.Millisecond))), 1))
	if c.none {
		return c, nil
	}
	if c.Lead, err = v.t("latency.lead"); err != nil {
		return nil, err
	}
	c.Story, err = v.t("latency.story", v.plain(all.Requests()), v.within(all, half), v.within(all, worst), peakAt)
	return c, err
}

// line is the path of a share of d. A day without requests interrupts it.
func (c *Chart) line(d LatencyView, share float64) string {
	var path strings.Builder
	for i := range d {
		if d[i].Requests() == 0 {
			continue
		}
		to := "L"
		if i == 0 || d[i-1].Requests() == 0 {
			to = "M"
		}
		fmt.Fprintf(&path, "%s%d %s", to, slotWide*i+slotWide/2, c.height(d[i].Within(share)))
	}
	return path.String()
}

// spot is a place in a plot, x in percent and y in pixels.
type spot struct{ X, Y string }

// spots are the days of d between two without requests: there is no line to them.
func (c *Chart) spots(d LatencyView, share float64) []spot {
	there := func(i int) bool { return i >= 0 && i < len(d) && d[i].Requests() > 0 }
	var list []spot
	for i := range d {
		if there(i) && !there(i-1) && !there(i+1) {
			list = append(list, spot{percent(100 * (float64(i) + .5) / float64(len(d))), c.height(d[i].Within(share))})
		}
	}
	return list
}

// height is where a time is drawn.
func (c *Chart) height(took time.Duration) string {
	room := float64(c.base() - plotTop)
	return strconv.FormatFloat(float64(c.base())-room*float64(took)/float64(time.Millisecond)/float64(c.top), 'f', 1, 64)
}

// latencyRows are the rows of the table of c.
func (v *View) latencyRows(c *Chart, d LatencyView) string {
	var rows strings.Builder
	for i := range d {
		l := &d[i].Latency
		rows.WriteString(tableRow(c.Bars[i].Label, v.plain(l.Requests()), v.within(l, half), v.within(l, most), v.within(l, worst)))
	}
	return rows.String()
}
