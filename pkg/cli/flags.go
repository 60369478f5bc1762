package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// Flags returns the flags of the command that is typed as name, with --json
// among them.
func Flags(name string) (flags *flag.FlagSet, asJSON *bool) {
	flags = flag.NewFlagSet(name, flag.ContinueOnError)
	return flags, flags.Bool("json", false, "print JSON")
}

// AnyNumber of arguments may be given.
const AnyNumber = -1

// Parse parses args into flags, flags and arguments in any order, and returns
// the arguments, of which there must be want. What it cannot understand is a
// UsageError; -h prints the flags and is flag.ErrHelp.
func Parse(flags *flag.FlagSet, args []string, want int) ([]string, error) {
	if inspect != nil {
		inspect(flags)
		return nil, flag.ErrHelp
	}
	var rest []string
	flags.SetOutput(io.Discard)
	for {
		err := flags.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			flags.SetOutput(os.Stdout)
			flags.Usage()
			printExamples(flags.Name())
			return nil, err
		case err != nil:
			return nil, UsageError(flags.Name() + ": " + err.Error())
		}
		if flags.NArg() == 0 {
			break
		}
		rest, args = append(rest, flags.Arg(0)), flags.Args()[1:]
	}
	switch {
	case want == AnyNumber || len(rest) == want:
		return rest, nil
	case want == 0:
		return nil, UsageError(fmt.Sprintf("%s: unexpected argument %q", flags.Name(), rest[0]))
	}
	return nil, UsageError(fmt.Sprintf("%s: %d arguments expected, %d given", flags.Name(), want, len(rest)))
}

// List is a flag that may be given more than once.
type List []string

// String implements flag.Value.
func (l *List) String() string { return strings.Join(*l, ", ") }

// Set implements flag.Value: it adds one value.
func (l *List) Set(v string) error {
	*l = append(*l, v)
	return nil
}
