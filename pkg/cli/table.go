package cli

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

// Table prints rows in columns under header on standard output, or "none" when there
// are no rows. An empty cell is "-".
func Table(header []string, rows [][]string) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(os.Stdout, "none")
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, strings.Join(header, "\t")) // Flush tells
	for _, cells := range rows {
		line := make([]string, len(cells))
		for i, cell := range cells {
			if line[i] = cell; strings.TrimSpace(cell) == "" {
				line[i] = "-"
			}
		}
		_, _ = fmt.Fprintln(table, strings.Join(line, "\t")) // Flush tells
	}
	return table.Flush()
}
