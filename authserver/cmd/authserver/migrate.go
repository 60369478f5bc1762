package main

import (
	"context"
	"fmt"

	"latchkey/pkg/cli"
)

var migrateCommand = cli.Group("authserver migrate", "usage: authserver migrate up|status [--json]", map[string]cli.Command{
	"up": migrateUp, "status": migrateStatus,
})

func migrateUp(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver migrate up")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	p, err := assemble(ctx, true)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.prepare(ctx); err != nil {
		return err
	}
	return printMigrations(ctx, p, *asJSON)
}

func migrateStatus(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver migrate status")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	p, err := assemble(ctx, false)
	if err != nil {
		return err
	}
	defer p.close()
	return printMigrations(ctx, p, *asJSON)
}

func printMigrations(ctx context.Context, p *parts, asJSON bool) error {
	steps, err := p.store.Migrations(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return cli.PrintJSON(steps)
	}
	for _, m := range steps {
		fmt.Println(m)
	}
	return nil
}
