// Package cli is the command line of both services: commands and groups of
// commands on the standard library's flags, what they print and how they exit.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"latchkey/pkg/fault"
)

// Command runs with the arguments after its name.
type Command func(ctx context.Context, args []string) error

// Program is what a service's main function runs.
type Program struct {
	Name     string
	Usage    string // printed on -h, and when the command line cannot be understood
	Commands map[string]Command
	Examples map[string][]string // by what is typed: "authserver client create"
}

// usageError is a command line that cannot be understood.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// UsageError is a command line that cannot be understood: the program prints
// text and exits with 2.
func UsageError(text string) error { return usageError{text} }

// Main runs the command in args, which SIGINT and SIGTERM interrupt, and returns
// the exit code: 0 when it succeeded or printed help, 2 for a UsageError, else 1.
// Errors go to standard error.
func (p Program) Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if len(args) > 0 && (args[0] == "--version" || args[0] == "-version") {
		args = append([]string{"version"}, args[1:]...)
	}
	examples = p.Examples
	err := readable(p.run(ctx, args))
	switch _, usage := errors.AsType[usageError](err); {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case usage:
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", p.Name, err)
	return 1
}

// run runs a command, or what every program has: help, completion and complete.
func (p Program) run(ctx context.Context, args []string) error {
	top := Group(p.Name, p.Usage, p.Commands)
	if len(args) > 0 {
		switch args[0] {
		case "help":
			return top(ctx, append(args[1:], "-h"))
		case "completion":
			return p.completion(args[1:])
		case "complete":
			return p.complete(ctx, args[1:])
		}
	}
	return top(ctx, args)
}

// Group is a command that runs the one of commands that its first argument
// names. name is what is typed before it.
func Group(name, usage string, commands map[string]Command) Command {
	groups[name] = commands
	return func(ctx context.Context, args []string) error {
		if len(args) == 0 {
			return UsageError(usage)
		}
		switch args[0] {
		case "-h", "--help", "help":
			fmt.Fprintln(os.Stdout, usage)
			printExamples(name)
			return nil
		}
		c, ok := commands[args[0]]
		if !ok {
			return UsageError(fmt.Sprintf("%s: unknown command %q\n\n%s", name, args[0], usage))
		}
		return c(ctx, args[1:])
	}
}

// readable is err as an operator should read it: every broken rule, or the
// message without what it is called and caused by inside.
func readable(err error) error {
	e, ok := errors.AsType[*fault.Error](err)
	switch {
	case !ok || e.Kind == fault.Internal || e.Kind == fault.Unavailable:
		return err
	case len(e.Errors) > 0:
		return errors.New(strings.Join(e.Errors, "; "))
	}
	return errors.New(strings.Replace(err.Error(), e.Error(), e.Message, 1))
}

// PrintJSON prints v, indented, on standard output.
func PrintJSON(v any) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// Version is the command that prints VersionOf(version). Program.Main takes --version for it as well.
func Version(version string) Command {
	return func(_ context.Context, args []string) error {
		flags, asJSON := Flags("version")
		if _, err := Parse(flags, args, 0); err != nil {
			return err
		}
		if *asJSON {
			return PrintJSON(map[string]string{"version": VersionOf(version), "go": runtime.Version()})
		}
		fmt.Fprintln(os.Stdout, VersionOf(version))
		return nil
	}
}

// VersionOf returns version or, where the linker set none, what the go command
// recorded.
func VersionOf(version string) string {
	if info, ok := debug.ReadBuildInfo(); ok && version == "" {
		return info.Main.Version
	}
	return version
}
