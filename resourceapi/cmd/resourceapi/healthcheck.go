package main

import (
	"context"
	"fmt"
	"net"

	"latchkey/pkg/httpserver"
)

func healthcheck(ctx context.Context, args []string) error {
	fs, _ := flags("healthcheck")
	if err := parse(fs, args); err != nil {
		return err
	}
	cfg, err := settings()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(cfg.OpsAddr)
	if err != nil {
		return fmt.Errorf("API_OPS_ADDR: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return httpserver.Healthcheck(ctx, "http://"+net.JoinHostPort(host, port)+"/readyz")
}
