package testenv

import (
	"errors"
	"slices"
	"sync"
)

// crowd is how many databases wait to be removed together. A server writes out what all
// of its databases hold before it lets go of one: the first of a crowd pays for that.
const crowd = 32

// departures removes databases that tests have left, many at a time and while others run.
type departures struct {
	mu       sync.Mutex
	waiting  []func() error
	kept     []func() error // until all
	errs     []error
	leaving  sync.WaitGroup
	removing sync.Mutex // held for one after the other
}

// add says that nobody needs what drop removes.
func (d *departures) add(drop func() error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting = append(d.waiting, drop); len(d.waiting) < crowd {
		return
	}
	drops := d.waiting
	d.waiting = nil
	d.leaving.Go(func() { d.remove(drops) })
}

// last is add of what others need until all is called.
func (d *departures) last(drop func() error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept = append(d.kept, drop)
}

func (d *departures) remove(drops []func() error) {
	d.removing.Lock()
	defer d.removing.Unlock()
	for _, drop := range drops {
		d.errs = append(d.errs, drop())
	}
}

// all removes everything and says what could not be.
func (d *departures) all() error {
	d.leaving.Wait()
	d.remove(slices.Concat(d.waiting, d.kept))
	return errors.Join(d.errs...)
}
