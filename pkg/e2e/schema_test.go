package e2e

import (
	"context"
	"io"
	"path/filepath"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// The databases of stacks are copies of these, which the services have migrated.
var (
	authSchema = testenv.Schema{Migrate: migrateBy(func(b stack.Binaries) string { return b.Auth }, "AUTH_DATABASE_URL")}
	apiSchema  = testenv.Schema{Migrate: migrateBy(func(b stack.Binaries) string { return b.API }, "API_DATABASE_URL")}
)

func migrateBy(program func(stack.Binaries) string, setting string) func(ctx context.Context, url string) error {
	return func(ctx context.Context, url string) error {
		built, err := stack.Build(ctx, io.Discard)
		if err != nil {
			return err
		}
		_, err = process.Run(ctx, program(built), filepath.Dir(program(built)), process.Env{setting: url}, "migrate", "up")
		return err
	}
}
