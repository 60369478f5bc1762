package operator

import (
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

// Decisions are what only a person can decide about: few of each kind.
type Decisions struct {
	Unverified []UnverifiedClient
	Addresses  []authserver.Refused
	Accounts   []RefusedAccount
	Keys       []LimitedKey
}

// UnverifiedClient is an application that people use and that no operator has verified.
type UnverifiedClient struct {
	*authserver.Client
	People int
}

// RefusedAccount is an account that sign-ins to were refused often.
type RefusedAccount struct {
	authserver.Refused
	Email string
}

// LimitedKey is an API key that reached its limit on several days.
type LimitedKey struct {
	*authserver.APIKey
	Email string
	Days  int // of the last LimitDays
}

const (
	mostOfKind   = 2
	oftenRefused = 20 // sign-ins in a day
	oftenLimited = 3  // days
)

// LimitDays are the days that are looked at for keys at their limit.
const LimitDays = 7

// Decisions returns what waits for a person. Days are those of zone.
func (s *Service) Decisions(ctx context.Context, zone *time.Location) (d Decisions, err error) {
	since := s.deps.Now().Add(-24 * time.Hour)
	for _, read := range []func() error{
		func() error { d.Unverified, err = s.unverified(ctx); return err },
		func() error {
			d.Addresses, err = s.deps.Store.RefusedFrom(ctx, since, oftenRefused, mostOfKind)
			return err
		},
		func() error { d.Accounts, err = s.refusedAccounts(ctx, since); return err },
		func() error { d.Keys, err = s.limitedKeys(ctx, zone); return err },
	} {
		if err := read(); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (s *Service) unverified(ctx context.Context) (list []UnverifiedClient, err error) {
	const looked = 20 // some of them are verified
	used, err := s.deps.Store.ClientsInUse(ctx, looked)
	if err != nil {
		return nil, err
	}
	for _, one := range used {
		c, err := s.deps.Store.FindClient(ctx, one.ClientID)
		if fault.Is(err, fault.NotFound) {
			continue // it has gone just now
		}
		if err != nil {
			return nil, err
		}
		if !c.Verified() && len(list) < mostOfKind {
			list = append(list, UnverifiedClient{c, one.People})
		}
	}
	return list, nil
}

func (s *Service) refusedAccounts(ctx context.Context, since time.Time) (list []RefusedAccount, err error) {
	found, err := s.deps.Store.RefusedTo(ctx, since, oftenRefused, mostOfKind)
	if err != nil {
		return nil, err
	}
	emails := map[string]string{}
	for _, one := range found {
		emails[one.Of] = ""
	}
	if err := s.Names(ctx, emails); err != nil {
		return nil, err
	}
	for _, one := range found {
		if emails[one.Of] != "" { // else it was erased
			list = append(list, RefusedAccount{one, emails[one.Of]})
		}
	}
	return list, nil
}

func (s *Service) limitedKeys(ctx context.Context, zone *time.Location) (list []LimitedKey, err error) {
	if s.deps.Keys == nil {
		return nil, nil
	}
	y, m, d := s.deps.Now().In(zone).Date()
	hours, err := s.deps.Store.LimitedHours(ctx, time.Date(y, m, d-LimitDays+1, 0, 0, 0, 0, zone))
	if err != nil {
		return nil, err
	}
	days := map[string]map[string]bool{} // by key and date
	for _, one := range hours {
		if days[one.KeyID] == nil {
			days[one.KeyID] = map[string]bool{}
		}
		days[one.KeyID][one.Hour.In(zone).Format(time.DateOnly)] = true
	}
	for id, on := range days {
		if len(on) >= oftenLimited {
			list = append(list, LimitedKey{APIKey: &authserver.APIKey{ID: id}, Days: len(on)})
		}
	}
	slices.SortFunc(list, func(a, b LimitedKey) int {
		if a.Days != b.Days {
			return b.Days - a.Days
		}
		return strings.Compare(a.ID, b.ID)
	})
	return s.liveKeys(ctx, list)
}

// liveKeys completes the first keys of list that have not ended.
func (s *Service) liveKeys(ctx context.Context, list []LimitedKey) (live []LimitedKey, err error) {
	for _, one := range list[:min(len(list), 2*mostOfKind)] {
		k, owner, err := s.Key(ctx, one.ID)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(live) < mostOfKind {
			live = append(live, LimitedKey{k.APIKey, owner.Email, one.Days})
		}
	}
	return live, nil
}

// NextErasures returns the erasure of a family that is due next, if there is one.
func (s *Service) NextErasures(ctx context.Context) ([]authserver.Erasure, error) {
	return s.deps.Store.NextErasures(ctx, 1)
}
