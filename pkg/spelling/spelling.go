// Package spelling finds the name that a misspelt one was meant to be.
package spelling

import "strings"

// Nearest returns the name of known that is closest to name, and whether it is so
// close that name is probably a misspelling of it: other letters in case, or one
// letter wrong, missing, added or swapped with its neighbour; two in longer names.
func Nearest(name string, known []string) (string, bool) {
	best, found := "", false
	least := 3
	for _, k := range known {
		allowed := 1
		if min(len(k), len(name)) >= longName {
			allowed = 2
		}
		if d := Distance(strings.ToLower(name), strings.ToLower(k)); d <= allowed && d < least {
			best, least, found = k, d, true
		}
	}
	return best, found
}

// longName is the length in bytes from which two letters may be wrong.
const longName = 6

// maxLength bounds the work: longer names are no misspellings of ours.
const maxLength = 64

// Distance is the optimal string alignment distance of a and b in bytes: how many
// letters are wrong, missing, added or swapped with their neighbour. Text of more
// than 64 bytes is 64 away from everything.
func Distance(a, b string) int {
	if len(a) > maxLength || len(b) > maxLength {
		return maxLength
	}
	var rows [3][maxLength + 1]int
	before, last, row := rows[0][:], rows[1][:], rows[2][:]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
