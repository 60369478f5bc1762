package account_test

import (
	"os"
	"strings"
	"testing"

	"latchkey/authserver/internal/account"
)

// TestTheDocumentShowsWhatEnds holds docs/threats.md against the code; an
// end-to-end test walks the table there.
func TestTheDocumentShowsWhatEnds(t *testing.T) {
	document, err := os.ReadFile("../../../docs/threats.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| event |")
	for _, kind := range account.AccessKinds() {
		table.WriteString(" " + string(kind) + " |")
	}
	table.WriteString("\n|---|" + strings.Repeat("---|", len(account.AccessKinds())) + "\n")
	for _, e := range account.Endings() {
		table.WriteString("| " + e.Name + " |")
		for _, kind := range account.AccessKinds() {
			table.WriteString(" " + string(e.EffectOn(kind)) + " |")
		}
		table.WriteString("\n")
	}
	if !strings.Contains(string(document), table.String()) {
		t.Errorf("docs/threats.md does not show this table:\n%s", table.String())
	}
}
