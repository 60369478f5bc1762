package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/cli"
)

const userUsage = `usage: authserver user COMMAND

  list [--json]
  deactivate USER [--json]   stop everything the user can do, until reactivate
  reactivate USER [--json]   take that back; the user has to sign in again
  delete USER [--yes] [--json]
                             delete for good and at once; with the last member also the
                             family's data, where AUTH_ERASURE_URL is set
  sign-out USER [--json]     end every sign-in of the user; applications keep working
  drop-second-factor USER [--json]
                             turn it off for somebody who has lost it, and sign them out
  appoint USER [--json]      make the user an operator of this server (/operator)
  dismiss USER [--json]      take that back
  reset-link EMAIL [--json]  a link to choose a new password, to hand over; it works once

USER is an id or an email address. A new password has 8 characters or more, upper and lower
case letters, a number and one of !@#$%^&*(),.?":{}|<>. It is no common password, and more than
the person's name or email address, or the name of the product, with digits or marks around it.`

var userCommand = cli.Group("authserver user", userUsage, map[string]cli.Command{
	"list":               userList,
	"deactivate":         userChange("deactivate", "deactivated", (*account.Service).Deactivate),
	"reactivate":         userChange("reactivate", "reactivated", (*account.Service).Reactivate),
	"delete":             userChange("delete", "deleted", (*account.Service).Delete),
	"sign-out":           userChange("sign-out", "signed out", ofUser((*account.Service).SignOutEverywhere)),
	"drop-second-factor": userChange("drop-second-factor", "second factor off of", ofUser((*account.Service).DropSecondFactor)),
	"appoint": userChange("appoint", "appointed", func(s *account.Service, ctx context.Context, id string) error {
		return s.SetOperator(ctx, id, true)
	}),
	"dismiss": userChange("dismiss", "dismissed", func(s *account.Service, ctx context.Context, id string) error {
		return s.SetOperator(ctx, id, false)
	}),
	"reset-link": userResetLink,
})

// ofUser is a change that wants the user, for a command that knows the id.
func ofUser(change func(*account.Service, context.Context, *authserver.User) error) func(*account.Service, context.Context, string) error {
	return func(s *account.Service, ctx context.Context, id string) error {
		u, err := s.User(ctx, id)
		if err != nil {
			return err
		}
		return change(s, ctx, u)
	}
}

// userView is a user as the command line prints it.
type userView struct {
	ID            string     `json:"id"`
	Email         string     `json:"email"`
	FamilyID      string     `json:"family_id"`
	Role          string     `json:"role"`
	Operator      bool       `json:"operator"`
	Confirmed     bool       `json:"email_confirmed"`
	SecondFactor  bool       `json:"second_factor"`
	CreatedAt     time.Time  `json:"created_at"`
	DeactivatedAt *time.Time `json:"deactivated_at"`
	EraseAt       *time.Time `json:"erase_at,omitempty"` // deleted by the person, who can restore the account until then
}

func viewUser(u *authserver.User) userView {
	return userView{
		ID: u.ID, Email: u.Email, FamilyID: u.FamilyID, Role: u.Role, Operator: u.Operator,
		Confirmed: u.EmailConfirmed(), SecondFactor: u.SecondFactor, CreatedAt: u.CreatedAt, DeactivatedAt: u.DeactivatedAt, EraseAt: u.EraseAt,
	}
}

func userList(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver user list")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		found, err := p.store.ListUsers(ctx)
		if err != nil {
			return err
		}
		views := make([]userView, len(found))
		for i := range found {
			views[i] = viewUser(&found[i])
		}
		if *asJSON {
			return cli.PrintJSON(views)
		}
		rows := make([][]string, len(views))
		for i, v := range views {
			state := "active"
			switch {
			case v.EraseAt != nil:
				state = "closed"
			case v.DeactivatedAt != nil:
				state = "deactivated"
			}
			rows[i] = []string{v.ID, state, v.Role, v.Email}
		}
		return cli.Table([]string{"ID", "STATE", "ROLE", "EMAIL"}, rows)
	})
}

// userChange is a command that does one thing to one user.
func userChange(name, done string, change func(*account.Service, context.Context, string) error) cli.Command {
	return func(ctx context.Context, args []string) error {
		fs, asJSON := cli.Flags("authserver user " + name)
		yes := new(bool)
		if name == "delete" {
			yes = cli.Yes(fs)
		}
		rest, err := cli.Parse(fs, args, 1)
		if err != nil {
			return err
		}
		return withParts(ctx, func(p *parts) error {
			people, err := p.people()
			if err != nil {
				return err
			}
			id, err := p.userID(ctx, rest[0])
			if err != nil {
				return err
			}
			if name == "delete" {
				if err := cli.Confirm(*yes, "This erases the account of "+rest[0]+" for good, and with the last member the family's data."); err != nil {
					return err
				}
			}
			if err := change(people, ctx, id); err != nil {
				return err
			}
			if err := p.canErase(ctx); err != nil && name == "delete" {
				fmt.Fprintln(os.Stderr, "If this was the last member, the family's data stays with the resource API: AUTH_ERASURE_URL is not set.")
			}
			if *asJSON {
				return cli.PrintJSON(map[string]any{"id": id, "state": done})
			}
			fmt.Printf("%s %s\n", done, id)
			return nil
		})
	}
}

// userID finds the user that an id or an email address names, deactivated ones
// too.
func (p *parts) userID(ctx context.Context, name string) (string, error) {
	found, err := p.store.ListUsers(ctx)
	if err != nil {
		return "", err
	}
	name = authserver.NormalizeEmail(name)
	for _, u := range found {
		if u.ID == name || strings.Contains(name, "@") && u.Email == name {
			return u.ID, nil
		}
	}
	return "", fmt.Errorf("there is no user %s", name)
}
