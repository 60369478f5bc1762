package page

import (
	"net/url"
	"strconv"
)

// How many rows of a list a page shows: more of the longest would be too large a page.
const (
	Rows       = 15
	FewRows    = 8 // of two lists with forms
	FewestRows = 5 // beside pictures
)

// Window is the part of a list that a page shows.
type Window struct {
	From, To, Total int    // rows From to To, without To
	previous, next  string // addresses; "": there is no such part
}

// NewWindow is the part of a list of total rows that the address of a page asks for by
// name: that from the row on. What it asks for in vain is the first.
func NewWindow(at *url.URL, name string, total, rows int) Window {
	from, err := strconv.Atoi(at.Query().Get(name))
	if err != nil || from < 0 || from >= total {
		from = 0
	}
	w := Window{From: from, To: min(from+rows, total), Total: total}
	if from > 0 {
		w.previous = windowAt(at, name, max(0, from-rows))
	}
	if w.To < total {
		w.next = windowAt(at, name, w.To)
	}
	return w
}

func windowAt(at *url.URL, name string, from int) string {
	q := at.Query()
	q.Del("done") // was said
	q.Del(name)
	if from > 0 {
		q.Set(name, strconv.Itoa(from))
	}
	return (&url.URL{Path: at.Path, RawQuery: q.Encode()}).String()
}
