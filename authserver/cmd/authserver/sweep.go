package main

import (
	"context"
	"os"

	"latchkey/pkg/cli"
	"latchkey/pkg/retention"
)

// sweep deletes what has expired, or counts it.
func sweep(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver sweep")
	dry := fs.Bool("dry-run", false, "count what would be deleted, and delete nothing")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		return retention.Command(ctx, os.Stdout, p.sweeper(), *dry, *asJSON)
	})
}
