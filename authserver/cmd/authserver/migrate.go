package main

import (
	"context"
	"fmt"
)

func migrate(ctx context.Context, args []string) error {
	return subcommand(ctx, "migrate", map[string]command{"up": migrateUp, "status": migrateStatus},
		"usage: authserver migrate up|status [--json]", args)
}

func migrateUp(ctx context.Context, args []string) error {
	fs, asJSON := flags("migrate up")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	p, err := assemble(ctx)
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
	fs, asJSON := flags("migrate status")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	p, err := assemble(ctx)
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
		return printJSON(steps)
	}
	for _, m := range steps {
		state := "missing"
		if m.Applied {
			state = "applied"
		}
		fmt.Printf("%04d  %-8s %s\n", m.Version, state, m.Name)
	}
	return nil
}
