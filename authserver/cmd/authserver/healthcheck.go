package main

import (
	"context"
	"fmt"
	"net"
	"runtime/debug"

	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

func healthcheck(ctx context.Context, args []string) error {
	fs, _ := flags("healthcheck")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	cfg, err := settings()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(cfg.OpsAddr)
	if err != nil {
		return fmt.Errorf("AUTH_OPS_ADDR: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return httpserver.Healthcheck(ctx, "http://"+net.JoinHostPort(host, port)+"/readyz")
}

func newSecret(_ context.Context, args []string) error {
	fs, asJSON := flags("secret")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	made := secret.New(secret.ClientSecret).Reveal()
	if *asJSON {
		return printJSON(map[string]string{"client_secret": made})
	}
	fmt.Println(made)
	return nil
}

// version is set by the linker.
var version = ""

func showVersion(context.Context, []string) error {
	if version == "" {
		if info, ok := debug.ReadBuildInfo(); ok {
			version = info.Main.Version
		}
	}
	fmt.Println(version)
	return nil
}
