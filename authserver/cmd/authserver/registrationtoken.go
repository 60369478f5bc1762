package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/cli"
)

const registrationTokenUsage = `usage: authserver registration-token COMMAND

  create [--note TEXT] [--uses N] [--expires-in 72h] [--json]
                       print a token that lets its holder register clients at /oauth/register
  list [--json]
  revoke ID [--json]`

var registrationTokenCommand = cli.Group("authserver registration-token", registrationTokenUsage, map[string]cli.Command{
	"create": registrationTokenCreate, "list": registrationTokenList, "revoke": registrationTokenRevoke,
})

// registrationTokenView is an initial access token as the command line prints it.
type registrationTokenView struct {
	ID        string     `json:"id"`
	Token     string     `json:"token,omitempty"`
	State     string     `json:"state"`
	Note      string     `json:"note,omitempty"`
	Uses      int        `json:"uses"` // 0: any number
	Used      int        `json:"used"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
}

func viewRegistrationToken(t authserver.RegistrationToken, text string) registrationTokenView {
	return registrationTokenView{
		ID: t.ID, Token: text, State: t.State(now()), Note: t.Note, Uses: t.Uses, Used: t.Used, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt,
	}
}

func registrationTokenCreate(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver registration-token create")
	note := fs.String("note", "", "a reminder for yourself")
	uses := fs.Int("uses", 0, "how many clients it may register; 0: any number")
	life := fs.Duration("expires-in", 0, "how long it is good; 0: until it is revoked")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		t, text, err := p.registration.NewToken(ctx, *note, *uses, *life)
		if err != nil {
			return err
		}
		if *asJSON {
			return cli.PrintJSON(viewRegistrationToken(t, text.Reveal()))
		}
		fmt.Printf("%s   (shown this once)\n", text.Reveal())
		return nil
	})
}

func registrationTokenList(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver registration-token list")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		found, err := p.registration.Tokens(ctx)
		if err != nil {
			return err
		}
		views := make([]registrationTokenView, len(found))
		for i, t := range found {
			views[i] = viewRegistrationToken(t, "")
		}
		if *asJSON {
			return cli.PrintJSON(views)
		}
		rows := make([][]string, len(views))
		for i, v := range views {
			rows[i] = []string{v.ID, v.State, strconv.Itoa(v.Used), v.CreatedAt.Format(time.RFC3339), v.Note}
		}
		return cli.Table([]string{"ID", "STATE", "REGISTERED", "CREATED", "NOTE"}, rows)
	})
}

func registrationTokenRevoke(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver registration-token revoke")
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		if err := p.registration.RevokeToken(ctx, rest[0]); err != nil {
			return err
		}
		if *asJSON {
			return cli.PrintJSON(map[string]any{"id": rest[0], "state": "revoked"})
		}
		fmt.Printf("revoked %s: what it registered stays\n", rest[0])
		return nil
	})
}
