// Package store is every table and every statement of the authorization server,
// on PostgreSQL and on SQLite. It speaks the vocabulary of package authserver;
// gorm rows stay inside.
package store

import (
	"context"
	"embed"

	"gorm.io/gorm"

	"latchkey/pkg/database"
)

//go:embed migrations
var migrations embed.FS

// Store answers the interfaces that the use cases declare. Every method joins
// the transaction in its context.
type Store struct {
	db    *database.DB
	moves moves
}

// New returns a Store on db.
func New(db *database.DB) *Store { return &Store{db: db, moves: newMoves(db)} }

// InTx runs fn in a transaction, or in the one ctx already carries.
func (s *Store) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.db.InTx(ctx, fn)
}

// rows returns gorm in the transaction of ctx. It carries the ordinary rows. It names
// its columns: a statement does not change its meaning when a table gets another one.
func (s *Store) rows(ctx context.Context) *gorm.DB {
	return s.db.ORM(ctx).Session(&gorm.Session{QueryFields: true})
}

// wroteOne reports whether a statement of gorm's wrote its one row.
func wroteOne(done *gorm.DB) (bool, error) {
	n, err := database.Affected(done)
	return n == 1, err
}

// AfterCommit runs fn once the transaction in ctx has committed; without one, at
// once.
func (s *Store) AfterCommit(ctx context.Context, fn func(ctx context.Context)) {
	s.db.AfterCommit(ctx, fn)
}

// compatibility is that of this program with schemas (see database.CheckCompatible).
const compatibility = 3

// Migrate brings the schema up to date.
func (s *Store) Migrate(ctx context.Context) error {
	return s.db.Migrate(ctx, migrationFiles(), compatibility)
}

// CheckCompatible complains when the schema is newer than this program.
func (s *Store) CheckCompatible(ctx context.Context) error {
	return s.db.CheckCompatible(ctx, compatibility)
}

// Migrations lists the migrations and which are applied.
func (s *Store) Migrations(ctx context.Context) ([]database.Migration, error) {
	return s.db.Migrations(ctx, migrationFiles())
}

// Ping checks that the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }
