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
