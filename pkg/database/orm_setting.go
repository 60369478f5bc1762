package database

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
)

// settingPool is how gorm reaches PostgreSQL outside a transaction and under a
// setting: each statement carries the setting in its own trip.
type settingPool struct {
	db  *DB
	set setting
}

// ormUnder returns gorm whose statements carry s.
func (db *DB) ormUnder(ctx context.Context, s setting) *gorm.DB {
	orm := db.orm.Session(&gorm.Session{NewDB: true, Context: ctx})
	orm.Statement.ConnPool = settingPool{db, s}
	return orm
}

// carrySettings makes gorm's reads carry the setting of their context. Reads need
// a callback because gorm.ConnPool returns rows only as *sql.Rows, which nothing
// but database/sql can make.
func (db *DB) carrySettings() error {
	return db.orm.Callback().Query().Replace("gorm:query", func(orm *gorm.DB) {
		pool, under := orm.Statement.ConnPool.(settingPool)
		if !under || orm.DryRun || orm.Error != nil {
			callbacks.Query(orm)
			return
		}
		callbacks.BuildQuerySQL(orm)
		if orm.Error == nil {
			pool.query(orm)
		}
	})
}

func (p settingPool) query(orm *gorm.DB) {
	rows, err := p.db.queryWith(orm.Statement.Context, p.set, orm.Statement.SQL.String(), orm.Statement.Vars)
	if err != nil {
		_ = orm.AddError(err)
		return
	}
	defer func() { _ = orm.AddError(rows.Close()) }()
	gorm.Scan(ormRows{rows}, orm, 0)
}

// ExecContext implements gorm.ConnPool.
func (p settingPool) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	n, err := p.db.execWith(ctx, p.set, text, args)
	return affected(n), err
}

var errUnderSetting = errors.New("database: gorm needs a transaction for this statement under a setting")

// PrepareContext implements gorm.ConnPool; it refuses.
func (settingPool) PrepareContext(context.Context, string) (*sql.Stmt, error) {
	return nil, errUnderSetting
}

// QueryContext implements gorm.ConnPool; it refuses. Only writes that return rows
// come here.
func (settingPool) QueryContext(context.Context, string, ...any) (*sql.Rows, error) {
	return nil, errUnderSetting
}

// QueryRowContext implements gorm.ConnPool; the row is an error.
func (p settingPool) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	ctx, cancel := context.WithCancelCause(ctx)
	cancel(errUnderSetting)
	return p.db.sql.QueryRowContext(ctx, text, args...)
}

// affected is the result of a write: how many rows it touched.
type affected int64

// LastInsertId implements sql.Result; PostgreSQL has none.
func (affected) LastInsertId() (int64, error) { return 0, errUnderSetting }

// RowsAffected implements sql.Result.
func (n affected) RowsAffected() (int64, error) { return int64(n), nil }

// ormRows are rows as gorm.Scan reads them.
type ormRows struct{ batchRows }

// Columns implements gorm.Rows.
func (r ormRows) Columns() ([]string, error) {
	fields := r.FieldDescriptions()
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = field.Name
	}
	return names, nil
}

// ColumnTypes implements gorm.Rows. gorm asks for them only to fill maps.
func (ormRows) ColumnTypes() ([]*sql.ColumnType, error) { return nil, errUnderSetting }
