package stack

import (
	"context"

	"latchkey/pkg/testenv/process"
)

// RestartAuth starts authserver again on the same addresses, after a Kill or
// a Stop.
func (s *Stack) RestartAuth(ctx context.Context) error {
	p, err := process.Start(ctx, "authserver", s.Binaries.Auth, s.authEnv["AUTH_ISSUER"], s.authEnv["AUTH_OPS_ADDR"], s.Dir, s.authEnv, "serve")
	if err != nil {
		return err
	}
	s.Auth = p
	return nil
}

// RestartAPI starts replica i of resourceapi again on the same addresses, after
// a Kill or a Stop.
func (s *Stack) RestartAPI(ctx context.Context, i int) error {
	env := s.apiEnvs[i]
	p, err := process.Start(ctx, "resourceapi", s.Binaries.API, "http://"+env["API_ADDR"], env["API_OPS_ADDR"], s.Dir, env, "serve")
	if err != nil {
		return err
	}
	s.APIs[i] = p
	return nil
}
