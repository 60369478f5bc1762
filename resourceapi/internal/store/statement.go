//go:build !sabotage

package store

// statement is where every hand-written statement of a family passes. Here it
// does nothing; the sabotage build takes the family predicate away, to show
// that row security holds without it.
func statement(text string) string { return text }
