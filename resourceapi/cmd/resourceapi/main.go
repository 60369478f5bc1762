// Command resourceapi is the resource API and its command line.
package main

import (
	"os"

	"latchkey/pkg/cli"
)

const usageText = `usage: resourceapi COMMAND

  serve                  run the resource API
  migrate up|status      bring the database schema up to date, or show where it stands
  seed --family ID       give a family accounts and transactions for a first look
  sweep [--dry-run]      delete what has expired, or count it by table
  doctor                 find out what keeps this deployment from working, and what to do
  healthcheck            exit 0 when the server at API_OPS_ADDR is ready
  version                print the version
  help COMMAND...        say what a command does
  completion bash|zsh|fish
                         print a script that completes commands in a shell

Every command takes -h. Settings come from the environment; see deploy/env.example.`

// version is set by the linker.
var version = ""

func main() {
	program := cli.Program{Name: "resourceapi", Usage: usageText, Commands: map[string]cli.Command{
		"serve": serve, "migrate": migrateCommand, "seed": seed, "sweep": sweep, "doctor": doctorCommand, "healthcheck": healthcheck, "version": cli.Version(version),
	}}
	os.Exit(program.Main(os.Args[1:]))
}
