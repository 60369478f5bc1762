package database

import (
	"log/slog"
	"time"

	"gorm.io/gorm"
)

// openORM opens gorm with statements of its own only where we ask for them: no
// transaction around a single write, no clock of its own, no statement logged
// with its parameters.
func openORM(d gorm.Dialector, opts Options) (*gorm.DB, error) {
	log := opts.Logger
	if log == nil {
		log = slog.Default()
	}
	return gorm.Open(d, &gorm.Config{
		SkipDefaultTransaction:   true,
		DisableNestedTransaction: true,
		DisableAutomaticPing:     true,
		NowFunc:                  func() time.Time { return time.Time{} }, // rows carry the times they are given
		Logger:                   ormLog{log},
	})
}
