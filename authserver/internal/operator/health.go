package operator

import (
	"context"
	"time"

	"latchkey/authserver"
)

// Probe asks about one thing that the instance stands on.
type Probe struct {
	Name string // of the Component
	Ask  func(ctx context.Context) authserver.Component
}

// patience is how long a Probe may take.
const patience = 2 * time.Second

// Health asks every Probe at the same time, and returns what they know in their order. What
// gives no answer in time does not work.
func (s *Service) Health(ctx context.Context) []authserver.Component {
	bound := s.deps.Patience
	if bound == 0 {
		bound = patience
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	type answer struct {
		i int
		authserver.Component
	}
	probes := s.deps.Health
	list, answers := make([]authserver.Component, len(probes)), make(chan answer, len(probes))
	for i, one := range probes {
		list[i] = authserver.Component{Name: one.Name}
		list[i].Fail(authserver.FaultTimeout)
		go func() { answers <- answer{i, one.Ask(ctx)} }()
	}
	for range probes {
		select {
		case a := <-answers:
			a.Name = list[a.i].Name
			list[a.i] = a.Component
		case <-ctx.Done():
			return list
		}
	}
	return list
}

// Version returns that of the program.
func (s *Service) Version() string { return s.deps.Version }
