// Command authserver is the authorization server and its command line.
package main

import (
	"os"

	"latchkey/pkg/cli"
)

const usageText = `usage: authserver COMMAND

  serve                             run the authorization server
  migrate up|status                 bring the database schema up to date, or show where it stands
  client create|list|show|rotate-secret|delete
                                    manage registered applications and resource servers
  registration-token create|list|revoke
                                    tokens that let their holders register applications
  invite create|list|revoke         codes that let people sign up on this instance
  user list|deactivate|reactivate|delete
                                    manage the people of this instance
  grant list|end                    access of applications and apps, by installation
  family list|show                  families and their members
  identity list|block|unblock       accounts at sign-in providers that people are connected with
  apikey list|revoke|set-tier|scan  API keys, and finding leaked ones in files
  events list|export|verify         what happened to accounts, families and applications
  explain [REQUEST_ID]              say which rule decided about a request, or a token on standard input
  encryption-key new|rotate         the key that second-factor secrets are encrypted under
  seed                              make a person and an application for a first look
  sweep [--dry-run]                 delete what has expired, or count it by table
  secret                            print a new client secret, for a deployment's own secret file
  doctor                            find out what keeps this deployment from working, and what to do
  healthcheck                       exit 0 when the server at AUTH_OPS_ADDR is ready
  version                           print the version
  help COMMAND...                   say what a command does, with examples
  completion bash|zsh|fish          print a script that completes commands in a shell

Every command takes -h. Settings come from the environment; see deploy/env.example.`

// version is set by the linker.
var version = ""

func main() {
	program := cli.Program{Name: "authserver", Usage: usageText, Examples: examples, Commands: map[string]cli.Command{
		"serve":   serve,
		"migrate": migrateCommand,
		"client":  clientCommand,
		"invite":  inviteCommand,

		"registration-token": registrationTokenCommand,
		"user":               userCommand,
		"apikey":             apikeyCommand,
		"secret":             newSecret,
		"sweep":              sweep,
		"seed":               seed,
		"identity":           identityCommand,
		"encryption-key":     encryptionCommand,
		"events":             eventsCommand,
		"explain":            explain,
		"grant":              grantCommand,
		"family":             familyCommand,
		"doctor":             doctorCommand,
		"healthcheck":        healthcheck,
		"version":            cli.Version(version),
	}}
	os.Exit(program.Main(os.Args[1:]))
}
