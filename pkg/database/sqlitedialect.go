package database

import (
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"
)

// sqliteDialect is how gorm writes statements for SQLite, as far as rows go: tables
// are made by migrations, and savepoints are not used.
type sqliteDialect struct{ conn gorm.ConnPool }

// Name implements gorm.Dialector.
func (sqliteDialect) Name() string { return "sqlite" }

// Initialize implements gorm.Dialector.
func (d sqliteDialect) Initialize(db *gorm.DB) error {
	db.ConnPool = d.conn
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{
		CreateClauses:        []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"},
		UpdateClauses:        []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses:        []string{"DELETE", "FROM", "WHERE", "RETURNING"},
		LastInsertIDReversed: true,
	})
	db.ClauseBuilders["LIMIT"] = writeLimit
	db.ClauseBuilders["FOR"] = func(clause.Clause, clause.Builder) {} // an immediate transaction holds every row
	return nil
}

// writeLimit writes LIMIT and OFFSET; SQLite has no OFFSET without a LIMIT.
func writeLimit(c clause.Clause, b clause.Builder) {
	limit, isLimit := c.Expression.(clause.Limit)
	if !isLimit {
		return
	}
	most := -1
	if limit.Limit != nil && *limit.Limit >= 0 {
		most = *limit.Limit
	}
	if most < 0 && limit.Offset <= 0 {
		return
	}
	_, _ = b.WriteString("LIMIT " + strconv.Itoa(most)) // a strings.Builder never fails
	if limit.Offset > 0 {
		_, _ = b.WriteString(" OFFSET " + strconv.Itoa(limit.Offset))
	}
}

// QuoteTo implements gorm.Dialector: each part of a dotted name is quoted.
func (sqliteDialect) QuoteTo(w clause.Writer, name string) {
	for i, part := range strings.Split(name, ".") {
		if i > 0 {
			_ = w.WriteByte('.')
		}
		_, _ = w.WriteString("`" + strings.ReplaceAll(strings.Trim(part, "`"), "`", "``") + "`")
	}
}

// BindVarTo implements gorm.Dialector.
func (sqliteDialect) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { _ = w.WriteByte('?') }

// DefaultValueOf implements gorm.Dialector. Rows give all of their columns, but for a
// number that SQLite counts up.
func (sqliteDialect) DefaultValueOf(*schema.Field) clause.Expression { return clause.Expr{SQL: "NULL"} }

// Explain implements gorm.Dialector. Its text is never logged.
func (sqliteDialect) Explain(text string, vars ...any) string {
	return logger.ExplainSQL(text, nil, `"`, vars...)
}

// DataTypeOf implements gorm.Dialector, for tables that gorm would make.
func (sqliteDialect) DataTypeOf(field *schema.Field) string { return string(field.DataType) }

// Migrator implements gorm.Dialector: gorm makes no tables here.
func (sqliteDialect) Migrator(*gorm.DB) gorm.Migrator { return nil }
