package cell_test

import (
	"testing"

	"latchkey/pkg/cell"
)

func TestEscapeFormula(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "Ada": "Ada", "a=b": "a=b", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1",
	} {
		if got := cell.EscapeFormula(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}
