package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/pkg/cli"
)

const familyUsage = `usage: authserver family COMMAND

  list [--text TEXT] [--limit N] [--json]   families, newest first; those with TEXT in their name
  show ID [--json]                          one, with its members`

var familyCommand = cli.Group("authserver family", familyUsage, map[string]cli.Command{"list": familyList, "show": familyShow})

// familyView is a family as the command line prints it.
type familyView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"created_at"`
	Members   int        `json:"members"` // active
	People    []userView `json:"people,omitempty"`
}

func viewFamily(f *authserver.FamilyEntry) familyView {
	return familyView{ID: f.ID, Name: f.Name, CreatedAt: f.CreatedAt, Members: f.Members}
}

func familyList(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver family list")
	text := fs.String("text", "", "in the name, or a whole id")
	limit := fs.Int("limit", 0, "at most so many; 0: all")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		views, rows := []familyView{}, [][]string{}
		q := authserver.Search{Text: *text, Order: authserver.OrderNewest, Limit: operator.MaxPageSize, Whole: true}
		for {
			found, err := p.store.SearchFamilies(ctx, q)
			if err != nil {
				return err
			}
			for i := range found.Rows {
				if *limit > 0 && len(views) == *limit {
					break
				}
				v := viewFamily(&found.Rows[i])
				views, rows = append(views, v), append(rows, []string{v.ID, strconv.Itoa(v.Members), stamp(&v.CreatedAt), v.Name})
			}
			if q.After = found.Next; q.After == (authserver.Place{}) || *limit > 0 && len(views) == *limit {
				break
			}
		}
		if *asJSON {
			return cli.PrintJSON(views)
		}
		return cli.Table([]string{"ID", "MEMBERS", "CREATED", "NAME"}, rows)
	})
}

func familyShow(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver family show")
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		f, people, err := operator.New(operator.Dependencies{Store: p.store, Now: now}).Family(ctx, rest[0])
		if err != nil {
			return err
		}
		v := viewFamily(f)
		rows := make([][]string, len(people))
		for i := range people {
			u := viewUser(&people[i])
			v.People, rows[i] = append(v.People, u), []string{u.ID, u.Role, u.Email}
		}
		if *asJSON {
			return cli.PrintJSON(v)
		}
		fmt.Printf("%s  %s, since %s\n\n", v.ID, v.Name, stamp(&v.CreatedAt))
		return cli.Table([]string{"ID", "ROLE", "EMAIL"}, rows)
	})
}
