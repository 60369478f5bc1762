package role_test

import (
	"os"
	"strings"
	"testing"

	"latchkey/pkg/role"
	"latchkey/pkg/scope"
)

// TestTheDocumentShowsTheTable holds docs/roles.md against the code.
func TestTheDocumentShowsTheTable(t *testing.T) {
	document, err := os.ReadFile("../../docs/roles.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| may | " + strings.Join(role.Names(), " | ") + " |\n|---|---|---|---|\n")
	for _, right := range role.Rights() {
		table.WriteString("| " + string(right) + " |")
		for _, name := range role.Names() {
			if role.May(name, right) {
				table.WriteString(" yes |")
			} else {
				table.WriteString(" no |")
			}
		}
		table.WriteString("\n")
	}
	if !strings.Contains(string(document), table.String()) {
		t.Errorf("docs/roles.md does not show this table:\n%s", table.String())
	}
}

func TestAnUnknownRoleMayNothing(t *testing.T) {
	for _, name := range []string{"", "Admin", "super_admin", "owner"} {
		for _, right := range role.Rights() {
			if role.May(name, right) {
				t.Errorf("%q may %s", name, right)
			}
		}
		if role.Narrow(name, scope.All) != 0 {
			t.Errorf("%q keeps a scope", name)
		}
	}
}

func TestARoleNarrowsTheScope(t *testing.T) {
	for name, want := range map[string]map[scope.Set]scope.Set{
		role.Admin:  {0: 0, scope.Read: scope.Read, scope.ReadWrite: scope.ReadWrite, scope.All: scope.All},
		role.Member: {0: 0, scope.Read: scope.Read, scope.ReadWrite: scope.ReadWrite, scope.All: scope.All},
		role.Guest:  {0: 0, scope.Read: scope.Read, scope.ReadWrite: scope.Read, scope.All: scope.Read},
	} {
		for granted, left := range want {
			if got := role.Narrow(name, granted); got != left {
				t.Errorf("%s with %q has %q, want %q", name, granted, got, left)
			}
		}
	}
}
