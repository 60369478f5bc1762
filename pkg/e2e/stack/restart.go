package stack

import (
	"context"

	"latchkey/pkg/testenv/process"
)

// RestartAuth starts authserver again on the same addresses, after a Kill or
// a Stop.
func (s *Stack) RestartAuth(ctx context.Context) error {
	p, err := s.Auth.Again(ctx, "", nil)
	if err == nil {
		s.Auth = p
	}
	return err
}

// RestartAPI starts replica i of resourceapi again on the same addresses, after
// a Kill or a Stop.
func (s *Stack) RestartAPI(ctx context.Context, i int) error {
	p, err := s.APIs[i].Again(ctx, "", nil)
	if err == nil {
		s.APIs[i] = p
	}
	return err
}

// AddAuth starts one more replica of authserver, on the same database and Redis,
// with more on top of the environment of the first. Its URL is its own; the issuer
// is that of the first.
func (s *Stack) AddAuth(ctx context.Context, more process.Env) (*process.Process, error) {
	addr, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	ops, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	env := s.authEnv.With(process.Env{"AUTH_ADDR": addr, "AUTH_OPS_ADDR": ops}).With(more)
	p, err := process.Start(ctx, "authserver", s.Binaries.Auth, "http://"+addr, ops, s.Dir, env, "serve")
	if err != nil {
		return nil, err
	}
	s.undo = append(s.undo, func() error { p.End(); return nil })
	return p, nil
}
