package main

import (
	"context"
	"fmt"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/cli"
)

const grantUsage = `usage: authserver grant COMMAND

  list USER [--all] [--json]   access of applications and apps, a line for each installation;
                               --all: ended ones too
  end ID [--yes] [--json]      end the access of one installation at once; the others stay

USER is an id or an email address.`

var grantCommand = cli.Group("authserver grant", grantUsage, map[string]cli.Command{"list": grantList, "end": grantEnd})

// grantView is a grant as the command line prints it.
type grantView struct {
	ID        string     `json:"id"`
	ClientID  string     `json:"client_id"`
	Scope     string     `json:"scope"`
	Origin    string     `json:"origin"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at"`
	EndsAt    *time.Time `json:"ends_at"`
	EndedAt   *time.Time `json:"ended_at"`
	EndReason string     `json:"end_reason,omitempty"`
}

func grantList(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver grant list")
	all := fs.Bool("all", false, "ended ones too, while they are remembered")
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		user, err := p.userID(ctx, rest[0])
		if err != nil {
			return err
		}
		found, err := p.store.ListGrants(ctx, user)
		if err != nil {
			return err
		}
		views, rows := []grantView{}, [][]string{}
		for _, g := range found {
			if g.EndedAt != nil && !*all {
				continue
			}
			v := grantView{g.ID, g.ClientID, g.Scopes.String(), g.Origin, g.CreatedAt, g.UsedAt, g.EndsAt, g.EndedAt, g.EndReason}
			views = append(views, v)
			state := "live"
			if g.EndedAt != nil {
				state = g.EndReason
			}
			rows = append(rows, []string{v.ID, state, v.Scope, stamp(&v.CreatedAt), stamp(v.UsedAt), v.ClientID})
		}
		if *asJSON {
			return cli.PrintJSON(views)
		}
		return cli.Table([]string{"ID", "STATE", "SCOPE", "CREATED", "LAST USED", "CLIENT"}, rows)
	})
}

func grantEnd(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver grant end")
	yes := cli.Yes(fs)
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		live, err := p.store.HasGrant(ctx, rest[0])
		if err != nil {
			return err
		}
		if !live {
			return fmt.Errorf("there is no live grant %s", rest[0])
		}
		if err := cli.Confirm(*yes, "The application has to be allowed anew at that place."); err != nil {
			return err
		}
		if err := p.grants.End(ctx, authserver.GrantFilter{ID: rest[0]}, authserver.EndRevoked); err != nil {
			return err
		}
		if *asJSON {
			return cli.PrintJSON(map[string]any{"id": rest[0], "state": authserver.EndRevoked})
		}
		fmt.Printf("ended %s\n", rest[0])
		return nil
	})
}
