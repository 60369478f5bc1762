package account

import (
	"context"
	"io"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/role"
)

// FamilyData holds the data of families: the resource API.
type FamilyData interface {
	// FamilySettings returns what a family has chosen.
	FamilySettings(ctx context.Context, familyID string) (authserver.FamilySettings, error)
	// SetTimeZone chooses a time zone, if it is seen; "": whatever it is. fault.Invalid:
	// there is no such zone; fault.Conflict: it is another one.
	SetTimeZone(ctx context.Context, familyID, seen, zone string) (authserver.FamilySettings, error)
	// ExportFamily gives take the files with everything that is held of a family. Without
	// an error that was all.
	ExportFamily(ctx context.Context, familyID string, take func(name string, content io.Reader) error) error
}

// householdPatience is how long a page waits for the resource API.
const householdPatience = 2 * time.Second

var (
	errNoTimeZone    = fault.New(fault.Unavailable, "The time zone can't be read or changed right now. Try again in a moment.")
	errOtherTimeZone = fault.New(fault.Conflict, "Someone else changed the time zone at the same time. Saving again replaces it with yours.")
)

// AsksForData reports whether the resource API can be asked.
func (s *Service) AsksForData() bool { return s.deps.FamilyData != nil }

// FamilySettings returns what the family of u has chosen. fault.Unavailable: the
// resource API cannot say.
func (s *Service) FamilySettings(ctx context.Context, u *authserver.User) (authserver.FamilySettings, error) {
	ctx, cancel := context.WithTimeout(ctx, householdPatience)
	defer cancel()
	own, err := s.deps.FamilyData.FamilySettings(ctx, u.FamilyID)
	if err != nil {
		return own, errNoTimeZone.WithCause(err)
	}
	return own, nil
}

// SetTimeZone chooses what decides the day of the family of by, who must manage it. seen
// is the zone that the form showed; "": whatever it is now.
// The event follows the change, which no transaction here can hold: no row is kept
// locked while another service is asked. fault.Forbidden, fault.Invalid,
// fault.Conflict (it is another one), fault.Unavailable.
func (s *Service) SetTimeZone(ctx context.Context, by *authserver.User, seen, zone string) error {
	if !by.May(role.ManageFamily) {
		return errNotAdmin
	}
	before, err := s.FamilySettings(ctx, by)
	if err != nil || before.TimeZone == zone {
		return err
	}
	if seen != "" && before.TimeZone != seen {
		return errOtherTimeZone
	}
	waiting, cancel := context.WithTimeout(ctx, householdPatience)
	defer cancel()
	switch _, err = s.deps.FamilyData.SetTimeZone(waiting, by.FamilyID, seen, zone); {
	case fault.Is(err, fault.Conflict):
		return errOtherTimeZone.WithCause(err)
	case fault.Is(err, fault.Invalid):
		return invalid(authserver.Violations{{Field: "time_zone", Rule: "time_zone.unknown", Message: "Time zone is not known"}})
	case err != nil:
		return errNoTimeZone.WithCause(err)
	}
	return s.deps.Events.Record(ctx, authserver.Event{
		Kind: authserver.EventTimeZoneChanged, UserID: by.ID, FamilyID: by.FamilyID,
		Details: map[string]string{"time_zone": zone, "before": before.TimeZone},
	})
}
