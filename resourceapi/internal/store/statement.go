//go:build !sabotage

package store

import "gorm.io/gorm/clause"

// statement is where every hand-written statement of a family passes. Here it
// does nothing; the sabotage build takes the family predicate away, to show
// that row security holds without it.
func statement(text string) string { return text }

// familyCondition is the family predicate of gorm's statements.
func familyCondition(column clause.Column, family familyID) clause.Expression {
	return clause.Eq{Column: column, Value: family}
}
