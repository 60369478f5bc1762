// Command demo builds both services, starts them on embedded engines and free
// loopback ports, plays the main job over HTTP and stops them. It exits 1 at
// the first surprise.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"latchkey/pkg/e2e"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/process"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\nThe demo failed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	fmt.Println("Building both services (the first build takes a few minutes, later ones seconds) …")
	if _, err := stack.Build(ctx, os.Stdout); err != nil {
		return errors.Join(err, stack.RemoveBuilt())
	}
	defer func() { err = errors.Join(err, stack.RemoveBuilt()) }()

	begin := time.Now()
	stack, err := stack.Launch(ctx, stack.Setup{AuthEnv: process.Env{"AUTH_REGISTRATION": "open"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stack.Close()) }()
	fmt.Printf("authserver is up at %s, resourceapi at %s (SQLite, in-process cache).\n\n", stack.Auth.URL, stack.API().URL)

	demo := &e2e.Demo{Stack: stack, Out: os.Stdout}
	if err := demo.Play(ctx); err != nil {
		return fmt.Errorf("%w\n\nlog of authserver:\n%s\nlog of resourceapi:\n%s", err, stack.Auth.Log(), stack.API().Log())
	}
	fmt.Printf("\nAll of it worked, in %.1f s. Both services are stopped and their data is gone.\n", time.Since(begin).Seconds())
	return nil
}
