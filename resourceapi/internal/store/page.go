package store

import (
	"gorm.io/gorm"

	"latchkey/pkg/database"
)

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
	// Next continues a search after its last page.
	Next *Cursor
}

// fit returns the page that exists among total rows.
func (p Page) fit(total int) Paging {
	got := Paging{Page: p.Number, PerPage: p.Size, Total: total, Pages: (total + p.Size - 1) / p.Size}
	got.Page = max(1, min(got.Page, got.Pages))
	return got
}

// offset is how many rows lie before the page.
func (p Paging) offset() int { return (p.Page - 1) * p.PerPage }

// paged counts the rows of a query and returns a page of them. query makes the query
// anew each time; shape adds columns and order.
func paged[R any](p Page, query func() *gorm.DB, shape func(*gorm.DB) *gorm.DB) ([]R, Paging, error) {
	var total int64
	if err := query().Count(&total).Error; err != nil {
		return nil, Paging{}, database.Translate(err)
	}
	paging := p.fit(int(total))
	rows, err := database.Find[R](shape(query()).Limit(paging.PerPage).Offset(paging.offset()))
	return rows, paging, err
}
