package main

import (
	"context"

	"latchkey/pkg/cli"
	"latchkey/pkg/httpserver"
)

func healthcheck(ctx context.Context, args []string) error {
	fs, _ := cli.Flags("resourceapi healthcheck")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	cfg, err := readSettings()
	if err != nil {
		return err
	}
	return httpserver.Healthcheck(ctx, cfg.OpsAddr)
}
