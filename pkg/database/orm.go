package database

import (
	"time"

	"gorm.io/gorm"
)

// openORM opens gorm so that it sends only what it is asked to: it makes no
// transaction around a single write, takes no time from a clock, and logs no
// statement with its parameters.
func openORM(d gorm.Dialector, opts Options) (*gorm.DB, error) {
	return gorm.Open(d, &gorm.Config{
		SkipDefaultTransaction:   true,
		DisableNestedTransaction: true,
		DisableAutomaticPing:     true,
		NowFunc:                  func() time.Time { return time.Time{} }, // rows carry the times they are given
		Logger:                   ormLog{opts.log()},
	})
}

// Find returns the rows of a query.
func Find[R any](query *gorm.DB) ([]R, error) {
	var rows []R
	err := query.Find(&rows).Error
	return rows, Translate(err)
}

// Take returns the row of a query. fault.NotFound: there is none.
func Take[R any](query *gorm.DB) (R, error) {
	var row R
	err := query.Take(&row).Error
	return row, Translate(err)
}

// Count returns how many rows a query has.
func Count(query *gorm.DB) (int, error) {
	var n int64
	err := query.Count(&n).Error
	return int(n), Translate(err)
}

// Affected returns how many rows a statement wrote.
func Affected(done *gorm.DB) (int64, error) { return done.RowsAffected, Translate(done.Error) }

// ErrorOf returns the error of a statement.
func ErrorOf(done *gorm.DB) error { return Translate(done.Error) }

// Mapped returns what rows stand for. It is never nil.
func Mapped[R, T any](rows []R, convert func(R) T) []T {
	list := make([]T, len(rows))
	for i, row := range rows {
		list[i] = convert(row)
	}
	return list
}
