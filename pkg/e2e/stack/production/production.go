// Package production gives a stack the engines of production: PostgreSQL and
// Redis.
package production

import (
	"context"
	"errors"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
)

// Lease fills in every database and cache URL that setup leaves empty. release
// removes what it made, after the stack is closed.
func Lease(ctx context.Context, setup *stack.Setup) (release func() error, err error) {
	var undo []func() error
	release = func() error {
		var errs []error
		for _, fn := range undo {
			errs = append(errs, fn())
		}
		return errors.Join(errs...)
	}
	for _, engine := range []struct {
		url   *string
		find  func() (string, error)
		lease func(context.Context, string) (string, func() error, error)
	}{
		{&setup.AuthDB, testenv.PostgresURL, testenv.CreatePostgres},
		{&setup.APIDB, testenv.PostgresURL, testenv.CreatePostgres},
		{&setup.Redis, testenv.RedisURL, testenv.LeaseRedis},
	} {
		if *engine.url != "" {
			continue
		}
		server, err := engine.find()
		if err != nil {
			return nil, errors.Join(err, release())
		}
		url, drop, err := engine.lease(ctx, server)
		if err != nil {
			return nil, errors.Join(err, release())
		}
		*engine.url, undo = url, append(undo, drop)
	}
	return release, nil
}
