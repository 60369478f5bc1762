// Package store keeps the household's data: every table and every statement of
// the resource API. Store.Family is the only door to it: its methods see and change
// the rows of that family only. On PostgreSQL forced row security guarantees the same
// a second time.
package store

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

//go:embed migrations
var embedded embed.FS

// Migrations returns the schema, a folder per engine.
func Migrations() fs.FS {
	files, err := fs.Sub(embedded, "migrations")
	if err != nil {
		panic("store: " + err.Error()) // the folder is part of the program
	}
	return files
}

// compatibility is that of this program with schemas (see database.CheckCompatible).
const compatibility = 2

// Migrate brings the schema of db up to date, as the owner of its tables.
func Migrate(ctx context.Context, db *database.DB) error {
	return db.Migrate(ctx, Migrations(), compatibility)
}

// CheckCompatible complains when the schema of db is newer than this program.
func CheckCompatible(ctx context.Context, db *database.DB) error {
	return db.CheckCompatible(ctx, compatibility)
}

// Options tune New.
type Options struct {
	Currency resourceapi.Currency // of a new family
	TimeZone resourceapi.TimeZone // of a new family; empty: UTC
	Now      func() time.Time
	Logger   *slog.Logger // nil: the default one
	// KeepSyncs is how long a sync is remembered, finished or not; 0: defaultKeepSyncs.
	KeepSyncs time.Duration
}

// Store keeps the data of all families.
type Store struct {
	db       *database.DB
	initial  Settings // of a new family
	now      func() time.Time
	log      *slog.Logger
	families familyCache

	expiring  noteBook
	keepSyncs time.Duration

	wake chan struct{}
}

// New returns the store on db, which must have been migrated.
func New(db *database.DB, opts Options) *Store {
	log := opts.Logger
	if log == nil {
		log = slog.Default()
	}
	initial := Settings{Currency: opts.Currency, TimeZone: cmp.Or(opts.TimeZone, resourceapi.UTC)}
	return &Store{db: db, initial: initial, now: opts.Now, log: log, keepSyncs: cmp.Or(opts.KeepSyncs, defaultKeepSyncs), wake: make(chan struct{}, 1)}
}

// Now returns the time for new rows: UTC, in whole microseconds, as both engines
// keep it.
func (s *Store) Now() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Family opens the door to one family's data. The id is a UUID in lower case.
func (s *Store) Family(id string) *Family { return &Family{s: s, id: id} }

// Family is one household's data.
type Family struct {
	s  *Store
	id string
}

// ID returns the family's id.
func (f *Family) ID() string { return f.id }

// open makes sure that the family exists and returns the context for its statements.
func (f *Family) open(ctx context.Context) (context.Context, error) {
	ctx = f.inside(ctx)
	_, err := f.Settings(ctx)
	return ctx, err
}

// findOrCreate finds the family, or creates it with its first account. When two first
// calls run at once, one inserts the family, and the other waits and finds it.
func (f *Family) findOrCreate(ctx context.Context) (Settings, error) {
	row, err := findOne[familyRow](f.orm(ctx), errNoFamilyRow)
	if errors.Is(err, errNoFamilyRow) {
		row = familyRow{Currency: string(f.s.initial.Currency), TimeZone: string(f.s.initial.TimeZone)}
		err = f.s.db.InTx(ctx, func(ctx context.Context) error { return f.create(ctx, row) })
	}
	return Settings{resourceapi.Currency(row.Currency), resourceapi.TimeZone(row.TimeZone)}, err
}

var errNoFamilyRow = errors.New("store: the family is new")

func (f *Family) create(ctx context.Context, row familyRow) error {
	erased, err := database.Find[erasedFamilyRow](f.orm(ctx))
	if err != nil {
		return err
	}
	if len(erased) > 0 {
		return fault.New(fault.Unauthenticated, "Account has been deactivated")
	}
	now := f.s.Now()
	row.CreatedAt = now
	once := clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoNothing: true}
	n, err := database.Affected(f.orm(ctx).Clauses(once).Create(&row))
	if err != nil || n == 0 {
		return err
	}
	return f.insert(ctx, &accountRow{
		ID: newID(), Name: "Cash", AccountType: string(resourceapi.Depository), Status: resourceapi.StatusActive,
		Currency: row.Currency, CreatedAt: now, UpdatedAt: now,
	})
}

// change runs fn in a transaction of the family. If a row was deleted between the check of a reference to it and the write, fn runs
// again: its check then finds the missing row, and the answer names it.
func (f *Family) change(ctx context.Context, fn func(ctx context.Context) error) error {
	ctx, err := f.open(ctx)
	if err != nil {
		return err
	}
	err = f.s.db.InTx(ctx, fn)
	if errors.Is(err, database.ErrForeignKey) {
		if ctx.Value(nestedKey{}) != nil { // the outer transaction has failed too
			return fault.Wrap(fault.Conflict, err, "Something this request refers to was just removed. Send it again.")
		}
		f.s.families.forget(f.id)
		if ctx, err = f.open(ctx); err != nil {
			return err
		}
		err = f.s.db.InTx(ctx, fn)
	}
	return err
}

// row, each and exec run a statement by hand, whose $1 is the family. gorm carries
// every ordinary row (orm); each statement by hand says why it is one.
func (f *Family) row(ctx context.Context, s fragment) database.Row {
	text, args := f.bound(s)
	return f.s.db.QueryRow(ctx, text, args...)
}

func (f *Family) exec(ctx context.Context, s fragment) (int64, error) {
	text, args := f.bound(s)
	return f.s.db.Exec(ctx, text, args...)
}

// each calls scan for every row.
func (f *Family) each(ctx context.Context, s fragment, scan func(rows database.Rows) error) error {
	text, args := f.bound(s)
	rows, err := f.s.db.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := scan(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return database.Translate(errors.Join(rows.Err(), rows.Close()))
}

func (f *Family) bound(s fragment) (text string, args []any) {
	text, args = s.numbered()
	return statement(text), append([]any{f.id}, args...)
}

// insert writes a row, or a slice of rows.
func (f *Family) insert(ctx context.Context, rows any) error {
	return database.ErrorOf(f.orm(ctx).Create(rows))
}

// unlessNamed writes nothing where the name is taken.
var unlessNamed = clause.OnConflict{Columns: []clause.Column{{Name: "family_id"}, {Name: "name"}}, DoNothing: true}

// insertNamed writes a row unless its name is taken: ErrNameTaken.
func (f *Family) insertNamed(ctx context.Context, row any) error {
	n, err := database.Affected(f.orm(ctx).Clauses(unlessNamed).Create(row))
	if err == nil && n == 0 {
		return ErrNameTaken
	}
	return err
}

func newID() string { return uuid.NewString() }
