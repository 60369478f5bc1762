//go:build sabotage

package store

import (
	"os"
	"regexp"
)

var predicate = regexp.MustCompile(`((?:\w+\.)?family_id|\bid) = \$1\b`)

// statement strips the family predicate from every statement. It is compiled
// into the isolation test only, never into a service.
func statement(text string) string {
	if os.Getenv("SABOTAGE") == "off" {
		return text
	}
	return predicate.ReplaceAllString(text, "($$1::uuid IS NOT NULL)")
}
