//go:build sabotage

package store

import (
	"regexp"

	"gorm.io/gorm/clause"
)

var predicate = regexp.MustCompile(`(?:\w+\.)?\b(?:family_id|id) = \$1\b`)

// statement strips the family predicate from every statement. It is compiled
// into the isolation test only, never into a service.
func statement(text string) string {
	return predicate.ReplaceAllString(text, "($$1::uuid IS NOT NULL)")
}

// familyCondition is no predicate: it is true for every row.
func familyCondition(_ clause.Column, family familyID) clause.Expression {
	return clause.Expr{SQL: "CAST(? AS TEXT) IS NOT NULL", Vars: []any{family}}
}
