package operator

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

// Probe asks about one thing that the instance stands on.
type Probe struct {
	Name string // of the Component
	Ask  func(ctx context.Context) authserver.Component
}

// patience is how long a Probe may take.
const patience = 2 * time.Second

// Health asks every Probe at the same time. What it returns waits for what they know, in
// their order. What gives no answer in time, or panics, does not work.
func (s *Service) Health(ctx context.Context) (answers func() []authserver.Component) {
	bound := s.deps.Patience
	if bound == 0 {
		bound = patience
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	type answer struct {
		i int
		authserver.Component
	}
	probes := s.deps.Health
	list, known := make([]authserver.Component, len(probes)), make(chan answer, len(probes))
	for i, one := range probes {
		list[i] = authserver.Component{Name: one.Name}
		list[i].Fail(authserver.FaultTimeout)
		go func() { known <- answer{i, s.ask(ctx, one)} }()
	}
	return func() []authserver.Component {
		defer cancel()
		for range probes {
			select {
			case a := <-known:
				a.Name = list[a.i].Name
				list[a.i] = a.Component
			case <-ctx.Done():
				return list
			}
		}
		return list
	}
}

func (s *Service) ask(ctx context.Context, p Probe) (c authserver.Component) {
	defer fault.Recover(ctx, s.deps.Logger, "the health probe "+p.Name, func(error) { c.Fail(authserver.FaultError) })
	return p.Ask(ctx)
}

// Version returns that of the program.
func (s *Service) Version() string { return s.deps.Version }
