package account

import (
	"context"
	"io"
	"sync"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/role"
)

// householdExports are how many exports of a household one person may begin.
var householdExports = []Limit{{20, time.Hour}}

// exportsAtOnce is how many are made at once. Each holds a connection to the resource
// API and some kilobytes.
const exportsAtOnce = 8

var (
	errExportRuns  = fault.New(fault.Conflict, "Your export is being made already. Wait until it is done.")
	errExportsBusy = fault.New(fault.Unavailable, "Too many people download their data right now. Try again in a minute.").WithRetryAfter(time.Minute)
	errNoExport    = fault.New(fault.Unavailable, "Your household's data can't be read right now, so no file was made. Try again later, or download only your own data.")
)

// MayExportHousehold reports whether ExportHousehold can be asked for u.
func (s *Service) MayExportHousehold(u *authserver.User) bool {
	return s.AsksForData() && u.May(role.SeeData)
}

// ExportHousehold gives take the files with everything that is held of the family of u,
// one after the other; without an error that was all. Whoever may see the data may have
// them, one export at a time. take asks whether that is still so. fault.Forbidden,
// fault.Conflict, fault.RateLimited; fault.Unavailable: they cannot be read, or not to
// the end.
func (s *Service) ExportHousehold(ctx context.Context, u *authserver.User, take func(name string, content io.Reader) error) error {
	if !s.MayExportHousehold(u) {
		return fault.New(fault.Forbidden, "You may not download the data of this household.")
	}
	if err := s.exports.begin(u.ID); err != nil {
		return err
	}
	defer s.exports.end(u.ID)
	if err := s.take(ctx, "household-export", u.ID, householdExports); err != nil {
		return err
	}
	var refused error
	err := s.deps.FamilyData.ExportFamily(ctx, u.FamilyID, func(name string, content io.Reader) error {
		refused = take(name, content)
		return refused
	})
	if err != nil && refused == nil {
		return errNoExport.WithCause(err)
	}
	return err
}

// exports are the people for whom one is being made.
type exports struct {
	mu      sync.Mutex
	running map[string]bool
}

func (e *exports) begin(id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.running[id]:
		return errExportRuns
	case len(e.running) >= exportsAtOnce:
		return errExportsBusy
	case e.running == nil:
		e.running = map[string]bool{}
	}
	e.running[id] = true
	return nil
}

func (e *exports) end(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.running, id)
}
