package store

import (
	"context"
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"latchkey/pkg/database"
)

// FamilySetting is the PostgreSQL setting the row security policies read.
const FamilySetting = "latchkey.family"

func (f *Family) inside(ctx context.Context) context.Context {
	if database.Setting(ctx, FamilySetting) == f.id {
		return ctx
	}
	return database.WithSetting(ctx, FamilySetting, f.id)
}

// orm returns gorm inside the family. It names its columns: a statement does not
// change its meaning when a table gets another one.
func (f *Family) orm(ctx context.Context) *gorm.DB {
	return f.s.db.ORM(f.inside(ctx)).Session(&gorm.Session{QueryFields: true})
}

// familyID is the family a row belongs to. gorm asks the types of a row's fields
// for clauses: so every statement on a table whose row has a familyID is one of
// the family in its context, and a new row belongs to that family whatever the
// row says. Without a family in the context the statement fails.
type familyID string

// QueryClauses implements schema.QueryClausesInterface.
func (familyID) QueryClauses(f *schema.Field) []clause.Interface { return ofFamily(f) }

// UpdateClauses implements schema.UpdateClausesInterface.
func (familyID) UpdateClauses(f *schema.Field) []clause.Interface { return ofFamily(f) }

// DeleteClauses implements schema.DeleteClausesInterface.
func (familyID) DeleteClauses(f *schema.Field) []clause.Interface { return ofFamily(f) }

// CreateClauses implements schema.CreateClausesInterface.
func (familyID) CreateClauses(f *schema.Field) []clause.Interface {
	return []clause.Interface{modifier(func(stmt *gorm.Statement) { stmt.SetColumn(f.Name, familyIn(stmt), true) })}
}

var errNoFamily = errors.New("store: a statement without a family")

func familyIn(stmt *gorm.Statement) familyID {
	family := database.Setting(stmt.Context, FamilySetting)
	if family == "" {
		_ = stmt.AddError(errNoFamily)
	}
	return familyID(family)
}

// familyAdded marks statements that have the family among their conditions.
const familyAdded = "latchkey:family"

// ofFamily adds the family to the conditions of a statement. The others are put
// in brackets, so that none of them is an alternative to it.
func ofFamily(f *schema.Field) []clause.Interface {
	return []clause.Interface{modifier(func(stmt *gorm.Statement) {
		if _, done := stmt.Clauses[familyAdded]; done {
			return
		}
		stmt.Clauses[familyAdded] = clause.Clause{}
		conditions := []clause.Expression{familyCondition(clause.Column{Table: clause.CurrentTable, Name: f.DBName}, familyIn(stmt))}
		if others, ok := stmt.Clauses["WHERE"].Expression.(clause.Where); ok && len(others.Exprs) > 0 {
			conditions = append(conditions, brackets{others})
		}
		stmt.Clauses["WHERE"] = clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: conditions}}
	})}
}

// brackets are conditions in brackets.
type brackets struct{ clause.Where }

// Build implements clause.Expression.
func (b brackets) Build(builder clause.Builder) {
	_ = builder.WriteByte('(') // into memory
	b.Where.Build(builder)
	_ = builder.WriteByte(')')
}

// modifier is a clause that changes its statement and has no text of its own.
type modifier func(stmt *gorm.Statement)

// ModifyStatement implements gorm.StatementModifier.
func (m modifier) ModifyStatement(stmt *gorm.Statement) { m(stmt) }

// Name implements clause.Interface.
func (modifier) Name() string { return "" }

// Build implements clause.Interface.
func (modifier) Build(clause.Builder) {}

// MergeClause implements clause.Interface.
func (modifier) MergeClause(*clause.Clause) {}

// findOne returns the row of a query. Without a row the error is missing.
func findOne[R any](query *gorm.DB, missing error) (R, error) {
	var row R
	err := query.Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return row, missing
	}
	return row, database.Translate(err)
}

// locked locks the rows of a query on PostgreSQL against other changes, but not
// against new rows that refer to them. SQLite has one writer at a time.
var locked = clause.Locking{Strength: "NO KEY UPDATE", Table: clause.Table{Name: clause.CurrentTable}}
