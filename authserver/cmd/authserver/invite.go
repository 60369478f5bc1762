package main

import (
	"context"
	"fmt"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/cli"
)

const inviteUsage = `usage: authserver invite COMMAND

  create [--email ADDRESS] [--expires-in 72h] [--note TEXT] [--json]
                       print a code that lets one person sign up; it is shown only now
  list [--json]
  revoke ID [--json]`

var inviteCommand = cli.Group("authserver invite", inviteUsage, map[string]cli.Command{
	"create": inviteCreate, "list": inviteList, "revoke": inviteRevoke,
})

// inviteView is an invite code's record as the command line prints it.
type inviteView struct {
	ID        string     `json:"id"`
	Code      string     `json:"code,omitempty"`
	State     string     `json:"state"`
	Email     string     `json:"email,omitempty"`
	Note      string     `json:"note,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
	UsedAt    *time.Time `json:"used_at"`
	UsedBy    string     `json:"used_by,omitempty"`
}

func viewInvite(i *authserver.Invite, code string) inviteView {
	return inviteView{
		ID: i.ID, Code: code, State: i.State(now()), Email: i.Email, Note: i.Note,
		CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, UsedAt: i.UsedAt, UsedBy: i.UsedBy,
	}
}

func inviteCreate(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver invite create")
	email := fs.String("email", "", "only the person with this address may use it")
	note := fs.String("note", "", "a reminder for yourself")
	life := fs.Duration("expires-in", 0, "how long it is good; 0: until it is used or revoked")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		people, err := p.people()
		if err != nil {
			return err
		}
		i, code, err := people.CreateInvite(ctx, *email, *note, *life)
		if err != nil {
			return err
		}
		if *asJSON {
			return cli.PrintJSON(viewInvite(i, code.Reveal()))
		}
		fmt.Printf("%s   (shown this once)\n", code.Reveal())
		return nil
	})
}

func inviteList(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver invite list")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		people, err := p.people()
		if err != nil {
			return err
		}
		found, err := people.Invites(ctx)
		if err != nil {
			return err
		}
		views := make([]inviteView, len(found))
		for i := range found {
			views[i] = viewInvite(&found[i], "")
		}
		if *asJSON {
			return cli.PrintJSON(views)
		}
		rows := make([][]string, len(views))
		for i, v := range views {
			rows[i] = []string{v.ID, v.State, v.CreatedAt.Format(time.RFC3339), v.Email, v.Note}
		}
		return cli.Table([]string{"ID", "STATE", "CREATED", "EMAIL", "NOTE"}, rows)
	})
}

func inviteRevoke(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver invite revoke")
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		people, err := p.people()
		if err != nil {
			return err
		}
		if err := people.RevokeInvite(ctx, rest[0]); err != nil {
			return err
		}
		if *asJSON {
			return cli.PrintJSON(map[string]any{"id": rest[0], "state": "revoked"})
		}
		fmt.Printf("revoked %s\n", rest[0])
		return nil
	})
}
