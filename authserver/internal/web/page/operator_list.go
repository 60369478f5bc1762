package page

import (
	"net/url"
	"strconv"
	"time"

	"latchkey/authserver"
)

// ListView is a page of a list that the operator looks through.
type ListView struct {
	Key      string // of the list's texts: operator.KEY.…
	Path     string
	Search   authserver.Search
	Filters  []ListFilter
	Order    string // where none is asked for
	Size     int    // rows of a page, where none are asked for
	Total    int
	From     int
	Next     authserver.Place
	Previous authserver.Place
	Cols     []string // keys of the columns
	Rows     []ListRow
	New      string
	// Unordered: there is one order, and Total is not known.
	Unordered bool
}

// ListFilter is a choice beside the searched text.
type ListFilter struct {
	Name    string   // of the parameter
	Label   string   // key
	Any     string   // key of what leaves nothing out
	Options []string // operator.KEY.OPTION
	Kinds   bool     // Options are kinds of events and their groups
}

// chosen is what the filter is asked for.
func (f ListFilter) chosen(q *authserver.Search) string {
	switch f.Name {
	case "factor":
		return q.Factor
	case "signin":
		return q.Signin
	}
	return q.State
}

// text is the key of an option.
func (f ListFilter) text(list, option string) string {
	switch f.Name {
	case "factor":
		return "operator." + option
	case "signin":
		return "operator.signin." + option
	}
	return "operator." + list + "." + option
}

// ColumnActions is the column of what can be done with a row.
const ColumnActions = "actions"

// ListRow is a row: its first cell names it.
type ListRow struct {
	Cells []ListCell
	Menu  *RowMenu // nil: there is none
}

// RowMenu is what can be done with a row.
type RowMenu struct {
	Name   string // of the row
	View   string // address of its page
	Acts   []RowAct
	Danger RowAct // zero: none
}

// RowAct leads to the page that asks before something is done.
type RowAct struct{ Key, Href string }

// ListCell is one cell. Text comes from people and is shown as it is; Key is a text
// of ours.
type ListCell struct {
	Text, Fine string
	By         string // who did it
	Key        string
	Also       string // a text of ours beside it
	UserAgent  string // of a browser, which is named
	With       string // the same beside it
	Href       string
	Emblem     Emblem     // of an application
	Badge      string     // class: "good", "warn", "bad" or "plain"; "": none
	At         *time.Time // a day
	Since      *time.Time // how long ago it was
	Moment     *time.Time
}

// address is the list's, for another search.
func (d ListView) address(s authserver.Search) string {
	q, order := url.Values{}, s.Order
	if order == d.Order {
		order = ""
	}
	for name, value := range map[string]string{
		"q": s.Text, "state": s.State, "factor": s.Factor, "signin": s.Signin, "order": order, "after": s.After.String(), "before": s.Before.String(),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if s.Limit != 0 && s.Limit != d.Size {
		q.Set("limit", strconv.Itoa(s.Limit))
	}
	if len(q) == 0 {
		return d.Path
	}
	return d.Path + "?" + q.Encode()
}

// start is the search without its place in the list.
func (d ListView) start() authserver.Search {
	s := d.Search
	s.After, s.Before = authserver.Place{}, authserver.Place{}
	return s
}

func (d ListView) ordered(by string) string {
	s := d.start()
	s.Order = by
	return d.address(s)
}

// rows is the address of the first page with so many rows.
func (d ListView) rows(n int) string {
	s := d.start()
	s.Limit = n
	return d.address(s)
}

// nextWay leads to the page after this one; "": there is none.
func (d ListView) nextWay() string { return d.way(d.Next, authserver.Place{}) }

// previousWay leads to the page before this one; "": there is none.
func (d ListView) previousWay() string { return d.way(authserver.Place{}, d.Previous) }

// way leads to the page after or before a row; "": both are zero.
func (d ListView) way(after, before authserver.Place) string {
	if after.ID == "" && before.ID == "" {
		return ""
	}
	s := d.Search
	s.After, s.Before = after, before
	return d.address(s)
}

func (d ListView) csv() string {
	s := d.start()
	s.Limit = 0
	whole := d
	whole.Path += ".csv"
	return whole.address(s)
}

// sizes are how many rows a page may have.
var sizes = []int{10, 25, 100}

// size is how many rows this page may have.
func (d ListView) size() int {
	if d.Search.Limit == 0 {
		return d.Size
	}
	return d.Search.Limit
}

// paged reports whether there is more than the smallest page.
func (d ListView) paged() bool {
	return d.Total > sizes[0] || d.Next.ID != "" || d.Previous.ID != "" || d.size() != d.Size
}

// searched reports whether less than everything is asked for.
func (d ListView) searched() bool {
	s := d.start()
	return s.Text+s.State+s.Factor+s.Signin != "" || s != d.Search
}

// icon is the picture of the list's section.
func (d ListView) icon() string {
	if d.Key == "people" {
		return "nav.everybody"
	}
	return "nav." + d.Key
}

// total is how many rows there are of the list.
func (v *View) total(d ListView) (string, error) {
	if d.Total == 1 {
		return v.t("operator." + d.Key + ".one")
	}
	return v.t("operator."+d.Key+".total", v.plain(int64(d.Total)))
}

// order is the one that a column's heading leads to.
func (d ListView) order(column int) (order string, ok bool) {
	if d.Unordered {
		return "", false
	}
	switch key := d.Cols[column]; {
	case column == 0:
		return authserver.OrderName, true
	case key == "signin":
		return authserver.OrderSignin, true
	case key == "created":
		return authserver.OrderNewest, true
	}
	return "", false
}
