package main

import (
	"context"
	"errors"
	"fmt"

	"latchkey/authserver/internal/account"
	"latchkey/pkg/cli"
)

const encryptionUsage = `usage: authserver encryption-key COMMAND

  new                  print a new key for AUTH_ENCRYPTION_KEY
  rotate [--json]      encrypt every second-factor secret anew under AUTH_ENCRYPTION_KEY

To change the key: set AUTH_ENCRYPTION_KEY to a new one and AUTH_ENCRYPTION_KEYS_OLD to
the one before, restart every server, run rotate, and take AUTH_ENCRYPTION_KEYS_OLD away.`

var encryptionCommand = cli.Group("authserver encryption-key", encryptionUsage, map[string]cli.Command{"new": encryptionNew, "rotate": encryptionRotate})

func encryptionNew(_ context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver encryption-key new")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	key := account.NewSealKey()
	if *asJSON {
		return cli.PrintJSON(map[string]any{"key": key})
	}
	fmt.Println(key)
	return nil
}

func encryptionRotate(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver encryption-key rotate")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		people, err := p.people()
		if err != nil {
			return err
		}
		if people.Sealer == nil {
			return errors.New("AUTH_ENCRYPTION_KEY is not set, or is no key")
		}
		n, err := people.Reseal(ctx)
		if err != nil {
			return err
		}
		if *asJSON {
			return cli.PrintJSON(map[string]any{"encrypted_anew": n})
		}
		fmt.Printf("encrypted anew: %d\n", n)
		return nil
	})
}
