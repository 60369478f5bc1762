package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/sso"
	"latchkey/pkg/cli"
)

// sso builds single sign-on. No provider is asked anything yet.
func (p *parts) sso(people *account.Service) *sso.Service {
	c := p.cfg.SSO
	settings := sso.Settings{
		Issuer: p.cfg.Issuer, Providers: providersOf(p.cfg), Create: c.Create, Domains: c.Domains, Timeout: c.Timeout, MobileRedirect: c.MobileRedirect,
	}
	return sso.New(sso.Dependencies{Store: p.store, People: people, Events: p.events, Now: now, Settings: settings})
}

const identityUsage = `usage: authserver identity COMMAND

  list [--json]
  block ID [--json]     the account at the provider cannot sign in here any more, nor be connected with anybody
  unblock ID [--json]   take that back`

var identityCommand = cli.Group("authserver identity", identityUsage, map[string]cli.Command{
	"list":    identityList,
	"block":   identityChange("block", "blocked", (*sso.Service).Block),
	"unblock": identityChange("unblock", "unblocked", (*sso.Service).Unblock),
})

// identityView is a connected account as the command line prints it.
type identityView struct {
	ID        string     `json:"id"`
	Provider  string     `json:"provider"`
	Subject   string     `json:"subject"`
	UserID    string     `json:"user_id"`
	Email     string     `json:"email"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at"`
	BlockedAt *time.Time `json:"blocked_at"`
}

func withSSO(ctx context.Context, fn func(s *sso.Service) error) error {
	return withParts(ctx, func(p *parts) error {
		people, err := p.people()
		if err != nil {
			return err
		}
		return fn(p.sso(people))
	})
}

func identityList(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver identity list")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withSSO(ctx, func(s *sso.Service) error {
		found, err := s.AllIdentities(ctx)
		if err != nil {
			return err
		}
		views := make([]identityView, len(found))
		for i, one := range found {
			views[i] = identityView{
				ID: one.ID, Provider: one.Provider, Subject: one.Subject, UserID: one.UserID, Email: one.Email,
				CreatedAt: one.CreatedAt, UsedAt: one.UsedAt, BlockedAt: one.BlockedAt,
			}
		}
		if *asJSON {
			return cli.PrintJSON(views)
		}
		rows := make([][]string, len(views))
		for i, v := range views {
			state := "open"
			if v.BlockedAt != nil {
				state = "blocked"
			}
			rows[i] = []string{v.ID, state, v.Provider, strconv.Quote(v.Subject), v.Email}
		}
		return cli.Table([]string{"ID", "STATE", "PROVIDER", "SUBJECT", "EMAIL"}, rows)
	})
}

// identityChange is a command that does one thing to one identity.
func identityChange(name, done string, change func(*sso.Service, context.Context, string) error) cli.Command {
	return func(ctx context.Context, args []string) error {
		fs, asJSON := cli.Flags("authserver identity " + name)
		rest, err := cli.Parse(fs, args, 1)
		if err != nil {
			return err
		}
		return withSSO(ctx, func(s *sso.Service) error {
			if err := change(s, ctx, rest[0]); err != nil {
				return err
			}
			if *asJSON {
				return cli.PrintJSON(map[string]any{"id": rest[0], "state": done})
			}
			fmt.Printf("%s %s\n", done, rest[0])
			return nil
		})
	}
}
