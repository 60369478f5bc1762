//go:build !race

package stack

// RaceEnabled reports whether this program, and so what Build makes, looks for
// data races.
const RaceEnabled = false
