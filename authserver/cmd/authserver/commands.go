package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"latchkey/pkg/fault"
)

const usageText = `usage: authserver COMMAND

  serve                             run the authorization server
  migrate up|status                 bring the database schema up to date, or show where it stands
  client create|list|show|rotate-secret|delete
                                    manage registered applications and resource servers
  invite create|list|revoke         codes that let people sign up on this instance
  user list|deactivate|reactivate|delete
                                    manage the people of this instance
  identity list|block|unblock       accounts at sign-in providers that people are connected with
  apikey list|revoke|set-tier|scan  API keys, and finding leaked ones in files
  encryption-key new|rotate         the key that second-factor secrets are encrypted under
  seed                              make a person and an application for a first look
  secret                            print a new client secret, for a deployment's own secret file
  healthcheck                       exit 0 when the server at AUTH_OPS_ADDR is ready
  version                           print the version

Every command takes -h. Settings come from the environment; see deploy/env.example.`

// usageError is a command line that cannot be understood: exit code 2.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

type command func(ctx context.Context, args []string) error

var commands = map[string]command{
	"serve":          serve,
	"migrate":        migrate,
	"client":         clientCommand,
	"invite":         inviteCommand,
	"user":           userCommand,
	"apikey":         apikeyCommand,
	"secret":         newSecret,
	"seed":           seed,
	"identity":       identityCommand,
	"encryption-key": encryptionCommand,
	"healthcheck":    healthcheck,
	"version":        showVersion,
}

func run(ctx context.Context, args []string) error {
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
		return usageError{fmt.Sprintf("authserver: unknown command %q\n\n%s", args[0], usageText)}
	}
	err := c(ctx, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	return readable(err)
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

// subcommand picks the command that args name from table.
func subcommand(ctx context.Context, name string, table map[string]command, usage string, args []string) error {
	if len(args) == 0 {
		return usageError{usage}
	}
	if args[0] == "-h" || args[0] == "--help" {
		fmt.Println(usage)
		return nil
	}
	c, ok := table[args[0]]
	if !ok {
		return usageError{fmt.Sprintf("authserver %s: unknown command %q\n\n%s", name, args[0], usage)}
	}
	return c(ctx, args[1:])
}

// flags returns a flag set with --json, whose errors are usage errors.
func flags(name string) (*flag.FlagSet, *bool) {
	fs := flag.NewFlagSet("authserver "+name, flag.ContinueOnError)
	return fs, fs.Bool("json", false, "print JSON")
}

// anyNumber of arguments may be given.
const anyNumber = -1

// parse parses args into fs, flags and arguments in any order, and returns the
// arguments, of which there must be want.
func parse(fs *flag.FlagSet, args []string, want int) ([]string, error) {
	var rest []string
	fs.SetOutput(io.Discard)
	for {
		if err := fs.Parse(args); err != nil {
			fs.SetOutput(os.Stderr)
			if errors.Is(err, flag.ErrHelp) {
				fs.Usage()
				return nil, err
			}
			return nil, usageError{fs.Name() + ": " + err.Error()}
		}
		if fs.NArg() == 0 {
			break
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
	if want != anyNumber && len(rest) != want {
		return nil, usageError{fmt.Sprintf("%s: %d arguments expected, %d given", fs.Name(), want, len(rest))}
	}
	return rest, nil
}

// list is a flag that may be given more than once.
type list []string

func (l *list) String() string { return strings.Join(*l, ", ") }

// Set adds one value.
func (l *list) Set(v string) error {
	*l = append(*l, v)
	return nil
}

func printJSON(v any) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
