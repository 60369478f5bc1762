package main

import (
	"context"
	"fmt"

	"latchkey/pkg/cli"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

func healthcheck(ctx context.Context, args []string) error {
	fs, _ := cli.Flags("authserver healthcheck")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	cfg, err := readSettings()
	if err != nil {
		return err
	}
	return httpserver.Healthcheck(ctx, cfg.OpsAddr)
}

func newSecret(_ context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver secret")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	made := secret.New(secret.ClientSecret).Reveal()
	if *asJSON {
		return cli.PrintJSON(map[string]string{"client_secret": made})
	}
	fmt.Println(made)
	return nil
}
