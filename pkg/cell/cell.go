// Package cell makes text fit for the cells of CSV files that people open with a
// spreadsheet.
package cell

import "strings"

// EscapeFormula returns text as a cell of a CSV file, of which no spreadsheet makes a formula:
// people choose their names, and what their browsers call themselves.
func EscapeFormula(text string) string {
	if strings.IndexAny(text, "=+-@\t\r\n") == 0 {
		return "'" + text
	}
	return text
}
