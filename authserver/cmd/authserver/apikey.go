package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/cli"
)

//nolint:gosec // a usage text, no credential
const apikeyUsage = `usage: authserver apikey COMMAND

  list [--user USER] [--all] [--json]   keys that work; --all: ended ones too
  revoke ID [--json]                    end a key at once, everywhere
  set-tier ID TIER [--json]             standard, premium, enterprise or unlimited
  scan PATH... [--json]                 find Latchkey credentials in files and folders, or in
                                        standard input (-); needs no database; exit code 1: found

USER is an id or an email address.`

var apikeyCommand = cli.Group("authserver apikey", apikeyUsage, map[string]cli.Command{
	"list": apikeyList, "revoke": apikeyRevoke, "set-tier": apikeySetTier, "scan": apikeyScan,
})

// apikeyView is an API key as the command line prints it.
type apikeyView struct {
	ID           string     `json:"id"`
	UserID       string     `json:"user_id"`
	Name         string     `json:"name"`
	Scope        string     `json:"scope"`
	Source       string     `json:"source"`
	Tier         string     `json:"tier"`
	KeyHint      string     `json:"key_hint"`
	State        string     `json:"state"` // active, rotated, expired or revoked
	CreatedAt    time.Time  `json:"created_at"`
	EndsAt       *time.Time `json:"active_until"`
	RevokedAt    *time.Time `json:"revoked_at"`
	LastUsedAt   *time.Time `json:"last_used_at"`
	LastUsedFrom string     `json:"last_used_from"`
	MadeBy       string     `json:"made_by"`   // a user, or operator; "": not known
	MadeWith     string     `json:"made_with"` // client id; "": none
}

func viewAPIKey(k *authserver.APIKey, at time.Time) apikeyView {
	state := "active"
	switch {
	case k.RevokedAt != nil:
		state = "revoked"
	case !k.Live(at):
		state = "expired"
	case k.Superseded():
		state = "rotated"
	}
	return apikeyView{
		ID: k.ID, UserID: k.UserID, Name: k.Name, Scope: k.Scopes.String(), Source: k.Source, Tier: k.Tier, KeyHint: k.Stub,
		State: state, CreatedAt: k.CreatedAt, EndsAt: k.EndsAt(), RevokedAt: k.RevokedAt,
		LastUsedAt: k.LastUsedAt, LastUsedFrom: k.LastUsedFrom, MadeBy: k.MadeBy, MadeWith: k.MadeWith,
	}
}

func (v apikeyView) row() []string {
	used := "never"
	if v.LastUsedAt != nil {
		used = v.LastUsedAt.Format(time.RFC3339)
	}
	return []string{v.ID, v.KeyHint, v.State, v.Scope, v.Source, v.Tier, v.UserID, strconv.Quote(v.Name), used, v.maker()}
}

// maker is who made the key, in the words of a table.
func (v apikeyView) maker() string {
	by := v.MadeBy
	switch by {
	case "":
		return "unknown"
	case v.UserID:
		by = "owner"
	}
	if v.MadeWith != "" {
		by += " with " + v.MadeWith
	}
	return by
}

func apikeyList(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver apikey list")
	user := fs.String("user", "", "only keys of this user, an id or an email address")
	all := fs.Bool("all", false, "revoked and expired keys too")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		var filter authserver.KeyFilter
		if !*all {
			filter.LiveAt = now()
		}
		if *user != "" {
			id, err := p.userID(ctx, *user)
			if err != nil {
				return err
			}
			filter.UserID = id
		}
		found, err := p.store.ListAPIKeys(ctx, filter)
		if err != nil {
			return err
		}
		views := make([]apikeyView, len(found))
		for i, k := range found {
			views[i] = viewAPIKey(k, now())
		}
		if *asJSON {
			return cli.PrintJSON(views)
		}
		rows := make([][]string, len(views))
		for i, v := range views {
			rows[i] = v.row()
		}
		return cli.Table([]string{"ID", "KEY", "STATE", "SCOPE", "SOURCE", "TIER", "USER", "NAME", "USED", "MADE BY"}, rows)
	})
}

func apikeyRevoke(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver apikey revoke")
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		if err := p.keys.Revoke(ctx, "", rest[0]); err != nil {
			return fmt.Errorf("API key %s: %w", rest[0], err)
		}
		if *asJSON {
			return cli.PrintJSON(map[string]any{"id": rest[0], "revoked": true})
		}
		fmt.Printf("revoked %s: it opens nothing any longer\n", rest[0])
		return nil
	})
}

func apikeySetTier(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver apikey set-tier")
	rest, err := cli.Parse(fs, args, 2)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		k, err := p.keys.SetTier(ctx, rest[0], "", rest[1])
		if err != nil {
			return fmt.Errorf("API key %s: %w", rest[0], err)
		}
		if *asJSON {
			return cli.PrintJSON(viewAPIKey(k.APIKey, now()))
		}
		fmt.Printf("%s is of the tier %s now\n", rest[0], rest[1])
		return nil
	})
}
