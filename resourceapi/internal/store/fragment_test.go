package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func checkNumbered(t *testing.T, f fragment, wantText string, wantValues ...any) {
	t.Helper()
	text, values := f.numbered()
	if text != wantText {
		t.Errorf("text %q, want %q", text, wantText)
	}
	if diff := cmp.Diff(wantValues, values); diff != "" {
		t.Errorf("values of %q: %s", text, diff)
	}
}

// TestArgumentsAreNumberedByPlace: the number of an argument depends on where it
// stands in the statement, not on when its part was made.
func TestArgumentsAreNumberedByPlace(t *testing.T) {
	last := sql(`z = ?`, "made first")
	first := sql(`x = ? AND y = ?`, 1, 2)
	checkNumbered(t, sql(`SELECT ? WHERE a = $1 AND ? LIMIT ?`, first, last, 25), `SELECT x = $2 AND y = $3 WHERE a = $1 AND z = $4 LIMIT $5`,
		1, 2, "made first", 25)
	checkNumbered(t, join(` OR `, last, first), `z = $2 OR x = $3 AND y = $4`, "made first", 1, 2)
	checkNumbered(t, sql(`SELECT 1`), `SELECT 1`)
}

func TestAFragmentUsedTwiceKeepsItsNumbers(t *testing.T) {
	word := sql(`lower(?)`, "tea")
	checkNumbered(t, sql(`a LIKE ? OR b LIKE ? OR c = ?`, word, word, "tea"), `a LIKE lower($2) OR b LIKE lower($2) OR c = $3`, "tea", "tea")
}

func TestPuttingFragmentsTogetherChangesNone(t *testing.T) {
	base := join(` AND `, sql(`a = ?`, 1), sql(`b = ?`, 2))
	one, other := sql(`? AND c = ?`, base, 3), sql(`? AND d = ?`, base, 4)
	checkNumbered(t, one, `a = $2 AND b = $3 AND c = $4`, 1, 2, 3)
	checkNumbered(t, other, `a = $2 AND b = $3 AND d = $4`, 1, 2, 4)
	checkNumbered(t, base, `a = $2 AND b = $3`, 1, 2)
}

func TestAListOfIDs(t *testing.T) {
	checkNumbered(t, in("a", nil), `1 = 0`)
	checkNumbered(t, in("a", []string{"x"}), `a = $2`, "x")
	checkNumbered(t, in("a", []string{"x", "y"}), `a IN ($2, $3)`, "x", "y")
}
