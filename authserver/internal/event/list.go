package event

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/cell"
	"latchkey/pkg/fault"
	"latchkey/pkg/role"
)

// of chooses, of what f chooses, the events of u; family: those of the household, for
// its admins. fault.Forbidden: u is no admin.
func of(u *authserver.User, family bool, f authserver.EventFilter) (authserver.EventFilter, error) {
	f.UserID, f.FamilyID = u.ID, ""
	if family {
		if !u.May(role.ManageFamily) {
			return f, fault.New(fault.Forbidden, "Only an admin of the family can do this.")
		}
		f.UserID, f.FamilyID = "", u.FamilyID
	}
	return f, nil
}

// OfUser returns events of u, newest first; family: those of the household, for its
// admins. f says which of them. fault.Forbidden: u is no admin.
func (r *Recorder) OfUser(ctx context.Context, u *authserver.User, family bool, f authserver.EventFilter) ([]authserver.Event, error) {
	f, err := of(u, family, f)
	if err != nil {
		return nil, err
	}
	return r.Store.ListEvents(ctx, f)
}

// CountOf counts them, up to most.
func (r *Recorder) CountOf(ctx context.Context, u *authserver.User, family bool, f authserver.EventFilter, most int) (int, error) {
	f, err := of(u, family, f)
	if err != nil {
		return 0, err
	}
	return r.Store.CountEvents(ctx, f, most)
}

// OneOf returns the event of u with an id. fault.NotFound: u has none.
func (r *Recorder) OneOf(ctx context.Context, u *authserver.User, id string) (*authserver.Event, error) {
	missing := fault.New(fault.NotFound, "There is no such event.")
	if !authserver.ValidID(id) {
		return nil, missing
	}
	found, err := r.OfUser(ctx, u, false, authserver.EventFilter{ID: id})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, missing
	}
	return &found[0], nil
}

// chunk is how many events are read at a time.
const chunk = 1000

// Each gives fn the events that f chooses, newest first, without holding them all.
func (r *Recorder) Each(ctx context.Context, f authserver.EventFilter, fn func(e *authserver.Event) error) error {
	left := f.Limit
	for {
		f.Limit = chunk
		if left > 0 {
			f.Limit = min(left, chunk)
		}
		found, err := r.Store.ListEvents(ctx, f)
		if err != nil {
			return err
		}
		for i := range found {
			if err := fn(&found[i]); err != nil {
				return err
			}
		}
		if len(found) < f.Limit || left == len(found) {
			return nil
		}
		if left > 0 {
			left -= len(found)
		}
		f.After = found[len(found)-1].Place()
	}
}

// CSV writes events as comma-separated values (RFC 4180) under a line of names.
type CSV struct{ out *csv.Writer }

// NewCSV writes the names to out.
func NewCSV(out io.Writer) (*CSV, error) {
	c := &CSV{csv.NewWriter(out)}
	return c, c.write("id", "at", "event", "outcome", "actor_id", "user_id", "family_id", "client_id", "subject_id", "details",
		"client_addr", "user_agent", "request_id")
}

// Write writes one event.
func (c *CSV) Write(e *authserver.Event) error {
	details := ""
	if len(e.Details) > 0 {
		raw, err := json.Marshal(e.Details)
		if err != nil {
			return fmt.Errorf("event: %w", err)
		}
		details = string(raw)
	}
	return c.write(e.ID, e.At.UTC().Format(time.RFC3339Nano), e.Kind, e.Outcome, e.ActorID, e.UserID, e.FamilyID, e.ClientID, e.SubjectID,
		details, e.Address, e.UserAgent, e.RequestID)
}

// Flush writes what is buffered.
func (c *CSV) Flush() error {
	c.out.Flush()
	return c.out.Error()
}

func (c *CSV) write(cells ...string) error {
	for i, text := range cells {
		cells[i] = cell.EscapeFormula(text)
	}
	return c.out.Write(cells)
}
