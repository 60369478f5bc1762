package store

import (
	"slices"
	"strings"

	"gorm.io/gorm"

	"latchkey/authserver"
	"latchkey/pkg/database"
)

// list is a table that the operator looks through.
type list[T any] struct {
	query   *gorm.DB
	table   string
	columns string
	name    string // column of OrderName
	// text is where a searched text may stand, beside the row's id.
	text []string
	// read runs a query; nil: rows are T.
	read  func(query *gorm.DB) ([]T, error)
	place func(order string, row *T) authserver.Place
	named bool // ids are text, not UUIDs
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// page reads the page that q asks for. authserver.ErrPlace: it begins at no row.
func (l list[T]) page(q authserver.Search) (authserver.Found[T], error) {
	page := authserver.Found[T]{Total: -1}
	at, back := q.After, q.Before.ID != ""
	if back {
		at = q.Before
	}
	if at.ID != "" && !l.named && !authserver.ValidID(at.ID) {
		return page, authserver.ErrPlace
	}
	l.search(q.Text)
	query := l.query.Session(&gorm.Session{})
	if at.ID != "" {
		query = query.Where(l.beyond(q.Order, back), bound(q.Order, at), at.ID)
	}
	rows, err := l.rows(query.Select(l.columns).Order(l.order(q.Order, back)).Limit(q.Limit + 1))
	if err != nil {
		return page, err
	}
	more := len(rows) > q.Limit // there are others beyond the page
	page.Rows = rows[:min(len(rows), q.Limit)]
	if back {
		slices.Reverse(page.Rows)
	}
	if more && !back {
		page.Next = l.place(q.Order, &page.Rows[len(page.Rows)-1])
	}
	if q.Whole {
		return page, nil
	}
	return page, l.count(q.Order, &page)
}

// count adds how many rows there are, and what is before and after the page.
func (l list[T]) count(order string, page *authserver.Found[T]) (err error) {
	if len(page.Rows) == 0 {
		page.Total, err = database.Count(l.query.Session(&gorm.Session{}))
		return err
	}
	first := l.place(order, &page.Rows[0])
	var n struct{ Total, Earlier int }
	err = l.query.Session(&gorm.Session{}).Select("count(*) AS total, COALESCE(sum(CASE WHEN "+l.beyond(order, true)+" THEN 1 ELSE 0 END), 0) AS earlier",
		bound(order, first), first.ID).Scan(&n).Error
	page.Total, page.From = n.Total, n.Earlier
	if page.From > 0 {
		page.Previous = first
	}
	if page.From+len(page.Rows) < page.Total {
		page.Next = l.place(order, &page.Rows[len(page.Rows)-1])
	}
	return database.Translate(err)
}

// search applies what was searched for.
func (l *list[T]) search(text string) {
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	like := "%" + likeEscape.Replace(strings.ToLower(text)) + "%"
	conditions, args := []string{"CAST(" + l.table + ".id AS text) = ?"}, []any{text}
	for _, column := range l.text {
		conditions, args = append(conditions, "lower("+column+`) LIKE ? ESCAPE '\'`), append(args, like)
	}
	l.query = l.query.Where(strings.Join(conditions, " OR "), args...)
}

func (l list[T]) rows(query *gorm.DB) ([]T, error) {
	if l.read != nil {
		return l.read(query)
	}
	return database.Find[T](query)
}

// by is the column of an order; down: the largest is first.
func (l list[T]) by(order string) (column string, down bool) {
	switch order {
	case authserver.OrderName:
		return l.name, false
	case authserver.OrderSignin:
		return "users.signed_in_at", true
	}
	return l.table + ".created_at", true
}

// order is that of the rows; back: from the last to the first.
func (l list[T]) order(order string, back bool) string {
	column, down := l.by(order)
	if down != back {
		return column + " DESC, " + l.table + ".id DESC"
	}
	return column + ", " + l.table + ".id"
}

// beyond is the condition for rows after a place, by what bound returns and the id; back:
// before it.
func (l list[T]) beyond(order string, back bool) string {
	column, down := l.by(order)
	than := " > "
	if down != back {
		than = " < "
	}
	return "(" + column + ", " + l.table + ".id)" + than + "(?, ?)"
}

func bound(order string, at authserver.Place) any {
	if order == authserver.OrderName {
		return at.By
	}
	return at.At()
}
