package store

import (
	"context"
	"sync"
	"time"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

// Settings are what a family has chosen for itself.
type Settings struct {
	Currency resourceapi.Currency
	TimeZone resourceapi.TimeZone
}

// Settings returns the family's settings. A change by another replica is seen within
// settingsLife.
func (f *Family) Settings(ctx context.Context) (Settings, error) {
	own, err := f.own(ctx)
	return own.Settings, err
}

// Reread has the settings read from the database the next time.
func (f *Family) Reread() { f.s.families.forget(f.id) }

func (f *Family) own(ctx context.Context) (cachedSettings, error) {
	now := f.s.now()
	if own, ok := f.s.families.get(f.id, now); ok {
		return own, nil
	}
	found, err := f.findOrCreate(f.inside(ctx))
	if err != nil {
		return cachedSettings{}, err
	}
	own := cachedSettings{found, found.TimeZone.Location(), now}
	f.s.families.put(f.id, own)
	return own, nil
}

// Today returns the day it is for the family.
func (f *Family) Today(ctx context.Context) (resourceapi.Date, error) {
	own, err := f.own(ctx)
	if err != nil {
		return 0, err
	}
	return resourceapi.DateOf(f.s.now().In(own.zone)), nil
}

// SetTimeZone changes what decides the family's day. seen is the zone that somebody saw
// who changes it; "": whatever it is now. fault.Conflict: it is another one.
func (f *Family) SetTimeZone(ctx context.Context, seen string, zone resourceapi.TimeZone) error {
	ctx, err := f.open(ctx)
	if err != nil {
		return err
	}
	change := f.orm(ctx).Model(&familyRow{}).Where("id = ? AND (? = '' OR time_zone = ?)", f.id, seen, seen).UpdateColumn("time_zone", string(zone))
	f.s.families.forget(f.id)
	if err := database.ErrorOf(change); err != nil {
		return err
	}
	if change.RowsAffected == 0 {
		return fault.New(fault.Conflict, "The time zone is another one now")
	}
	return nil
}

// familyCache holds the settings of families that exist, so that only the first call
// of a family in a while asks the database.
type familyCache struct {
	mu  sync.RWMutex
	ids map[string]cachedSettings
}

type cachedSettings struct {
	Settings
	zone *time.Location
	read time.Time
}

const (
	// settingsLife is how long another replica's change may go unseen.
	settingsLife = time.Minute
	// maxCachedFamilies is some 25 MB. A full cache is emptied.
	maxCachedFamilies = 200_000
)

func (c *familyCache) get(id string, now time.Time) (cachedSettings, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	own, ok := c.ids[id]
	return own, ok && now.Sub(own.read).Abs() < settingsLife
}

func (c *familyCache) put(id string, own cachedSettings) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids == nil || len(c.ids) >= maxCachedFamilies {
		c.ids = make(map[string]cachedSettings)
	}
	c.ids[id] = own
}

func (c *familyCache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.ids, id)
}
