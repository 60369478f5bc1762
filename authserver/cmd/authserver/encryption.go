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
  rotate [--json]      encrypt every second-factor secret and seal every security event anew under
                       AUTH_ENCRYPTION_KEY, unless events verify finds something
  replace [--json]     continue with AUTH_ENCRYPTION_KEY although the earlier key is lost

To change the key: set AUTH_ENCRYPTION_KEY to a new one and AUTH_ENCRYPTION_KEYS_OLD to
the one before, restart every server, run rotate, and take AUTH_ENCRYPTION_KEYS_OLD away.
Where both come from files no restart is needed: docs/operations.md, "Change settings while it runs".

When the key is lost: stop every server, set AUTH_ENCRYPTION_KEY to a new one and run
replace. Second factors that cannot be read any more are removed; their owners sign in
with a recovery code and set the second factor up again. Security events are sealed as they are.`

var encryptionCommand = cli.Group("authserver encryption-key", encryptionUsage, map[string]cli.Command{
	"new":     encryptionNew,
	"rotate":  encryptionChange("rotate", "encrypted anew", "encrypted_anew", (*account.Service).Reseal),
	"replace": encryptionChange("replace", "second factors removed", "removed", (*account.Service).ReplaceKey),
})

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

// mayRotate refuses when an earlier key is missing, or when events do not verify: the
// new key must not confirm what is wrong already.
func (p *parts) mayRotate(ctx context.Context, people *account.Service) error {
	if err := people.ProveKey(ctx); err != nil {
		return err
	}
	found, err := p.events.Verify(ctx, nil)
	if err == nil && len(found.Faults) > 0 {
		err = fmt.Errorf("the security events are not as they were written (%s): see authserver events verify", found.Faults[0])
	}
	return err
}

// encryptionChange is a command that changes what is encrypted, and prints how much.
func encryptionChange(name, said, member string, change func(*account.Service, context.Context, func(int64)) (int, error)) cli.Command {
	return func(ctx context.Context, args []string) error {
		fs, asJSON := cli.Flags("authserver encryption-key " + name)
		var quiet bool
		cli.Quiet(fs, &quiet)
		if _, err := cli.Parse(fs, args, 0); err != nil {
			return err
		}
		return withParts(ctx, func(p *parts) error {
			people, err := p.people()
			if err != nil {
				return err
			}
			if !people.CanSeal() {
				return errors.New("AUTH_ENCRYPTION_KEY is not set, or is no key")
			}
			if name == "rotate" {
				if err := p.mayRotate(ctx, people); err != nil {
					return err
				}
			}
			far := cli.NewProgress("second factors and security events", quiet)
			defer far.End()
			p.events.Passed = far.Add
			n, err := change(people, ctx, far.Add)
			if err != nil {
				return err
			}
			p.events.Logger = p.log // the head of the chain is another one now
			if err := p.events.Reseal(ctx); err != nil {
				return err
			}
			far.End()
			if *asJSON {
				return cli.PrintJSON(map[string]any{member: n})
			}
			fmt.Printf("%s: %d\n", said, n)
			return nil
		})
	}
}
