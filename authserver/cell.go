package authserver

import "strings"

// InertCell is text as a cell of a CSV file, of which no spreadsheet makes a formula:
// people choose their names, and what their browsers call themselves.
func InertCell(text string) string {
	if strings.IndexAny(text, "=+-@\t\r\n") == 0 {
		return "'" + text
	}
	return text
}
