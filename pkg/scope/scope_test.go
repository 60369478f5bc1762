package scope_test

import (
	"testing"

	"latchkey/pkg/scope"
)

func TestReadWriteIncludesRead(t *testing.T) {
	for _, c := range []struct {
		have, need scope.Set
		want       bool
	}{
		{0, scope.Read, false},
		{0, scope.ReadWrite, false},
		{scope.Read, scope.Read, true},
		{scope.Read, scope.ReadWrite, false},
		{scope.ReadWrite, scope.Read, true},
		{scope.ReadWrite, scope.ReadWrite, true},
		{scope.Read, scope.All, false},
		{scope.ReadWrite, scope.All, true},
	} {
		if got := c.have.Satisfies(c.need); got != c.want {
			t.Errorf("%q satisfies %q: %v", c.have, c.need, got)
		}
	}
}

func TestParse(t *testing.T) {
	for list, want := range map[string]string{
		"": "", "read": "read", "read_write": "read_write", "read_write read": "read read_write", " read  read ": "read",
	} {
		got, err := scope.Parse(list)
		if err != nil || got.String() != want {
			t.Errorf("%q: %q, %v", list, got, err)
		}
	}
	for _, list := range []string{"write", "READ", "read,read_write", "read admin", "*"} {
		if _, err := scope.Parse(list); err == nil {
			t.Errorf("%q was accepted", list)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("read read_write")
	f.Fuzz(func(t *testing.T, list string) {
		s, err := scope.Parse(list)
		if err != nil {
			return
		}
		if again, err := scope.Parse(s.String()); err != nil || again != s {
			t.Errorf("%q: %q does not parse back", list, s)
		}
	})
}
