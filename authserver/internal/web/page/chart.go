package page

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"
)

// Chart is a picture of bars, with a table of the same figures.
type Chart struct {
	ID      string // unique on its page
	Heading string // key
	Lead    string // the result, as a sentence
	Story   string // the picture in words
	Bars    []Bar
	Limit   int64  // 0: no line
	Span    string // key of what a bar is of: hour or day
	Zone    string // whose hours and days they are
	Empty   string // key of what is said in place of a picture of nothing
	Height  int    // of the plot in pixels
	No      bool   // something was refused
	Counts  string // countsRequests and others
	Sum     string // key of the sentence of all that was counted, where it is no requests
	Swap    string // address of the page with this as a table, or as a picture again; "": the table is below
	AsTable bool
	none    bool
	top     int64
	step    int64
}

// Bar is one span of time.
type Bar struct {
	Label             string // of the axis, the table and the title
	Now               string // on the axis instead, of the last
	OK, Limit, Forbid int64  // answered, refused because of the limit, or of the scope
}

func (b *Bar) no() int64 { return b.Limit + b.Forbid }

const (
	plotTop  = 8 // pixels above the highest bar
	plotFoot = 24
	leastBar = 3 // a refusal is never lower
)

// steps are what the lines of a chart may be apart, in tenths, times a power of ten.
var steps = []int64{10, 20, 25, 50}

// scale has room for the limit and the highest bar.
func (c *Chart) scale() {
	most := max(c.Limit, 1)
	for i := range c.Bars {
		most = max(most, c.Bars[i].OK+c.Bars[i].no())
	}
	c.reach(most)
}

// reach makes most the highest that is drawn, and chooses two to four lines above the
// base.
func (c *Chart) reach(most int64) {
	for power := int64(1); ; power *= 10 {
		for _, s := range steps {
			if step := s * power / 10; s*power%10 == 0 && step*4 >= most {
				c.step, c.top = step, most
				return
			}
		}
	}
}

func (c *Chart) base() int { return c.Height - plotFoot }

// limitWord is where the words of the limit stand: above its line, or below it where
// the line is at the top.
func (c *Chart) limitWord() float64 {
	if y := c.y(c.Limit); y > 18 {
		return y - 7
	}
	return c.y(c.Limit) + 16
}

// limitHasRoom reports whether the words of the limit stand in the picture. Where bars are
// far above the line they would lie on them, and the legend says them.
func (c *Chart) limitHasRoom() bool { return c.Limit*2 >= c.top }

// y is where a value is drawn.
func (c *Chart) y(value int64) float64 {
	room := float64(c.base() - plotTop)
	return float64(c.base()) - room*float64(value)/float64(c.top)
}

// lines are the values that have a line, from the base up.
func (c *Chart) lines() []int64 {
	var list []int64
	for v := int64(0); v <= c.top; v += c.step {
		list = append(list, v)
	}
	return list
}

// rules are the elements of those lines, which templ would close with tags.
func (c *Chart) rules() string {
	var lines strings.Builder
	class := "base"
	for _, v := range c.lines() {
		fmt.Fprintf(&lines, `<line class="%s" x2="100%%" y1="%s" y2="%[2]s"/>`, class, pixels(c.y(v)))
		class = "rule"
	}
	return lines.String()
}

// span is a part of a bar, in pixels from the top.
type span struct{ Y, Height string }

func pixels(f float64) string  { return strconv.FormatFloat(f, 'f', 0, 64) }
func percent(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) + "%" }

func between(from, to float64) span {
	return span{pixels(min(from, to)), pixels(max(from, to) - min(from, to))}
}

// ok is the part of a bar that was answered.
func (c *Chart) ok(i int) span { return between(c.y(c.Bars[i].OK), float64(c.base())) }

// not is the part that was refused, above it and parted by a gap.
func (c *Chart) not(i int) span {
	b := &c.Bars[i]
	foot := c.y(b.OK)
	if b.OK > 0 {
		foot -= 2
	}
	return between(min(c.y(b.OK+b.no()), foot-leastBar), foot)
}

// slotWide is how wide a bar with its gap is where shapes are drawn in whole numbers and
// stretched: percents would make a page with many pictures too large. Y stays in pixels.
const slotWide = 10

func (c *Chart) viewBox() string {
	return "0 0 " + strconv.Itoa(slotWide*len(c.Bars)) + " " + strconv.Itoa(c.Height)
}

// shape is the path of a part of a bar.
func shape(i int, b span) string {
	return fmt.Sprintf("M%d %sh8v%sh-8", slotWide*i+1, b.Y, b.Height)
}

// outline is an element with a path of ours: templ would close it with a tag, which is a
// third of it.
func outline(d string) string { return `<path d="` + d + `"/>` }

// chartRows are the rows of a chart's table.
func (v *View) chartRows(c *Chart) string {
	var rows strings.Builder
	for i := range c.Bars {
		b := &c.Bars[i]
		switch {
		case c.Counts != countsRequests:
			rows.WriteString(tableRow(b.Label, v.plain(b.OK+b.no())))
		case c.No:
			rows.WriteString(tableRow(b.Label, v.plain(b.OK), v.plain(b.Limit), v.plain(b.Forbid)))
		default:
			rows.WriteString(tableRow(b.Label, v.plain(b.OK)))
		}
	}
	return rows.String()
}

// tableRow is a row of a table. HTML needs none of the end tags, which were a half of it.
func tableRow(label string, cells ...string) string {
	row := "<tr><th>" + templ.EscapeString(label)
	for _, one := range cells {
		row += "<td>" + templ.EscapeString(one)
	}
	return row
}

// stripes lie over the parts that were refused. They are level, so that stretching leaves
// them as they are.
func (c *Chart) stripes() string {
	var d strings.Builder
	for i := range c.Bars {
		if c.striped(i) {
			d.WriteString(shape(i, c.not(i)))
		}
	}
	return d.String()
}

// striped reports whether the refused part is high enough for its stripes.
func (c *Chart) striped(i int) bool {
	b := &c.Bars[i]
	return c.Counts == countsRequests && c.y(b.OK)-c.y(b.OK+b.no()) >= 3*leastBar
}

// tick is a word under the axis.
type tick struct{ X, Class, Text string }

// ticks are four at most, evenly apart but for the last; a narrow plot leaves out those of
// class sub, a narrower one mid and long. Months are long words: one of them is enough between
// the ends.
func (c *Chart) ticks() []tick {
	n := len(c.Bars)
	first, between, class := "first", []int{n / 3, n * 2 / 3}, "mid sub"
	if c.Span == monthly {
		first, between = "long", []int{n / 2}
	}
	list := []tick{{"0%", first, c.Bars[0].Label}}
	for _, i := range between {
		list = append(list, tick{percent(100 * (float64(i) + .5) / float64(n)), class, c.Bars[i].Label})
	}
	return append(list, tick{"100%", "last", c.Bars[n-1].Now})
}

// monthly is the Span of a chart of months.
const monthly = "chart.month"

// axis is how wide the numbers beside the plot are: they grow with the reader's text.
func (c *Chart) axis(v *View) string {
	widest := 0
	for _, line := range c.lines() {
		widest = max(widest, utf8.RuneCountInString(v.plain(line)))
	}
	return strconv.FormatFloat(.25+.5*float64(widest), 'f', -1, 64) + "rem"
}

// What the bars of a chart count.
const (
	countsRequests = "ok"    // those that were answered, and those that were refused
	countsEvents   = "count" // what happened
	countsRefusals = "no"
)

// says is what a bar stands for, in words.
func (v *View) says(c *Chart, b *Bar) (string, error) {
	switch {
	case c.Counts != countsRequests:
		return v.t("chart.bar.count", b.Label, v.plain(b.OK+b.no()))
	case b.no() == 0:
		return v.t("chart.bar.count", b.Label, v.plain(b.OK))
	}
	return v.t("chart.bar.both", b.Label, v.plain(b.OK), v.plain(b.no()))
}
