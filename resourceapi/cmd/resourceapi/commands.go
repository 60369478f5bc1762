package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

const usageText = `usage: resourceapi COMMAND

  serve                  run the resource API
  migrate up|status      bring the database schema up to date, or show where it stands
  seed --family ID       give a family accounts and transactions for a first look
  healthcheck            exit 0 when the server at API_OPS_ADDR is ready
  version                print the version

Every command takes -h. Settings come from the environment; see deploy/env.example.`

// usageError is a command line that cannot be understood: exit code 2.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

type command func(ctx context.Context, args []string) error

func run(ctx context.Context, args []string) error {
	commands := map[string]command{
		"serve": serve, "migrate": migrate, "seed": seed, "healthcheck": healthcheck, "version": showVersion,
	}
	if len(args) == 0 {
		return usageError{usageText}
	}
	switch args[0] {
	case "-h", "--help", "help":
		fmt.Println(usageText)
		return nil
	}
	c, ok := commands[args[0]]
	if !ok {
		return usageError{fmt.Sprintf("resourceapi: unknown command %q\n\n%s", args[0], usageText)}
	}
	if err := c(ctx, args[1:]); !errors.Is(err, flag.ErrHelp) {
		return err
	}
	return nil
}

// flags returns a flag set with --json, whose errors are usage errors.
func flags(name string) (*flag.FlagSet, *bool) {
	fs := flag.NewFlagSet("resourceapi "+name, flag.ContinueOnError)
	return fs, fs.Bool("json", false, "print JSON")
}

func parse(fs *flag.FlagSet, args []string) error {
	fs.SetOutput(io.Discard)
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fs.SetOutput(os.Stdout)
		fs.Usage()
		return err
	case err != nil:
		return usageError{fs.Name() + ": " + err.Error()}
	case fs.NArg() > 0:
		return usageError{fmt.Sprintf("%s: unexpected argument %q", fs.Name(), fs.Arg(0))}
	}
	return nil
}

func printJSON(v any) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// version is set by the linker.
var version = ""

func showVersion(context.Context, []string) error {
	if version == "" {
		if info, ok := debug.ReadBuildInfo(); ok {
			version = info.Main.Version
		}
	}
	fmt.Println(version)
	return nil
}
