package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"latchkey/pkg/fault"
)

// outputs runs fn and returns what it wrote to standard output and error.
func outputs(t *testing.T, fn func()) (stdout, stderr string) {
	t.Helper()
	read := func(file **os.File) func() string {
		in, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		was := *file
		*file = out
		return func() string {
			*file = was
			_ = out.Close()
			text, _ := io.ReadAll(in)
			return string(text)
		}
	}
	out, errs := read(&os.Stdout), read(&os.Stderr)
	fn()
	return out(), errs()
}

func fails(err error) Command {
	return func(context.Context, []string) error { return err }
}

func greet(_ context.Context, args []string) error {
	flags, asJSON := Flags("tool greet")
	var titles List
	flags.Var(&titles, "title", "may be given more than once")
	rest, err := Parse(flags, args, 1)
	if err != nil {
		return err
	}
	if *asJSON {
		return PrintJSON(map[string]any{"name": rest[0], "titles": titles})
	}
	fmt.Fprintln(os.Stdout, "hello", titles.String(), rest[0])
	return nil
}

func TestExitCodesAndOutputs(t *testing.T) {
	program := Program{Name: "tool", Usage: "usage: tool COMMAND", Commands: map[string]Command{
		"greet": greet, "version": Version("v1"),
		"none": func(_ context.Context, args []string) error {
			flags, _ := Flags("tool none")
			_, err := Parse(flags, args, 0)
			return err
		},
		"group":  Group("tool group", "usage: tool group COMMAND", map[string]Command{"fail": fails(errors.New("no luck"))}),
		"broken": fails(fmt.Errorf("client x: %w", fault.New(fault.NotFound, "there is none"))),
		"rules":  fails(fault.New(fault.Invalid, "Validation failed").WithErrors("Name is missing", "Scope is unknown")),
	}}
	for _, c := range []struct {
		args           string
		code           int
		stdout, stderr string
	}{
		{"", 2, "", "usage: tool COMMAND\n"},
		{"-h", 0, "usage: tool COMMAND\n", ""},
		{"--help", 0, "usage: tool COMMAND\n", ""},
		{"help", 0, "usage: tool COMMAND\n", ""},
		{"nonsense", 2, "", "tool: unknown command \"nonsense\"\n\nusage: tool COMMAND\n"},
		{"version", 0, "v1\n", ""},
		{"--version", 0, "v1\n", ""},
		{"version --json", 0, "{\n  \"go\": \"" + runtime.Version() + "\",\n  \"version\": \"v1\"\n}\n", ""},
		{"none x", 2, "", "tool none: unexpected argument \"x\"\n"},
		{"greet", 2, "", "tool greet: 1 arguments expected, 0 given\n"},
		{"greet --nonsense", 2, "", "tool greet: flag provided but not defined: -nonsense\n"},
		{"greet --title Dr Ada --title Lady", 0, "hello Dr, Lady Ada\n", ""},
		{"greet Ada& --json", 0, "{\n  \"name\": \"Ada&\",\n  \"titles\": null\n}\n", ""},
		{"group", 2, "", "usage: tool group COMMAND\n"},
		{"group -h", 0, "usage: tool group COMMAND\n", ""},
		{"group nonsense", 2, "", "tool group: unknown command \"nonsense\"\n\nusage: tool group COMMAND\n"},
		{"group fail", 1, "", "tool: no luck\n"},
		{"broken", 1, "", "tool: client x: there is none\n"},
		{"rules", 1, "", "tool: Name is missing; Scope is unknown\n"},
	} {
		var code int
		stdout, stderr := outputs(t, func() { code = program.Main(strings.Fields(c.args)) })
		if code != c.code || stdout != c.stdout || stderr != c.stderr {
			t.Errorf("%q: exit %d, printed %q and %q", c.args, code, stdout, stderr)
		}
	}
}

func TestHelpListsTheFlags(t *testing.T) {
	var err error
	stdout, stderr := outputs(t, func() { err = greet(t.Context(), []string{"--help"}) })
	if !errors.Is(err, flag.ErrHelp) || stderr != "" || !strings.Contains(stdout, "tool greet") || !strings.Contains(stdout, "-title") {
		t.Errorf("%v, printed %q and %q", err, stdout, stderr)
	}
}

func TestParseTakesFlagsAnywhere(t *testing.T) {
	flags, asJSON := Flags("tool")
	rest, err := Parse(flags, []string{"a", "--json", "b", "c"}, AnyNumber)
	if err != nil || !*asJSON || !slices.Equal(rest, []string{"a", "b", "c"}) {
		t.Errorf("%v, %v, %v", rest, *asJSON, err)
	}
}

func TestTableHasAHeaderOrSaysNone(t *testing.T) {
	for want, rows := range map[string][][]string{
		"none\n": nil, "ID    NAME\n1     Ada\n1000  -\n": {{"1", "Ada"}, {"1000", ""}},
	} {
		stdout, _ := outputs(t, func() {
			if err := Table([]string{"ID", "NAME"}, rows); err != nil {
				t.Error(err)
			}
		})
		if stdout != want {
			t.Errorf("printed %q", stdout)
		}
	}
}
