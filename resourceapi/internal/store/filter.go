package store

import (
	"strconv"
	"strings"
)

// filter collects the conditions of a WHERE and their parameters. Its first
// parameter is always the family.
type filter struct {
	text strings.Builder
	args []any // from $2 on
}

// and adds a condition; each ? in it takes the next of args.
func (f *filter) and(condition string, args ...any) {
	f.text.WriteString(" AND ")
	f.text.WriteString(f.fill(condition, args...))
}

// fill numbers the ? of text and takes args for them.
func (f *filter) fill(text string, args ...any) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		f.args = append(f.args, args[0])
		args, text = args[1:], after
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(len(f.args) + 1))
	}
}

// in adds column IN (ids). No id at all matches nothing.
func (f *filter) in(column string, ids []string) {
	f.text.WriteString(" AND ")
	f.text.WriteString(f.list(column, ids))
}

// list returns column IN (ids).
func (f *filter) list(column string, ids []string) string {
	if len(ids) == 0 {
		return "1 = 0"
	}
	if len(ids) == 1 {
		return f.fill(column+" = ?", ids[0])
	}
	marks := strings.Repeat(", ?", len(ids))[2:]
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return f.fill(column+" IN ("+marks+")", args...)
}

// Page says which rows of a list to return.
type Page struct {
	Number int // from 1; beyond the end means the last page
	Size   int // at least 1
}

// Paging says which page was returned.
type Paging struct {
	Page, PerPage int
	Total, Pages  int
	Capped        bool // there are more than Total
	// Next is where a search goes on whose last page this is.
	Next *Cursor
}

// settle fits the wanted page to total rows.
func (p Page) settle(total int) Paging {
	got := Paging{Page: p.Number, PerPage: p.Size, Total: total, Pages: (total + p.Size - 1) / p.Size}
	got.Page = max(1, min(got.Page, got.Pages))
	return got
}

// offset is how many rows lie before the page.
func (p Paging) offset() int { return (p.Page - 1) * p.PerPage }

// window adds LIMIT and OFFSET of the page to a statement.
func (f *filter) window(p Paging) string {
	return f.fill(" LIMIT ? OFFSET ?", p.PerPage, p.offset())
}
