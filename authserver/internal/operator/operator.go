// Package operator is what the people in charge of an instance do: look through
// everything that is on it, and help or stop others.
package operator

import (
	"context"
	"log/slog"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/consent"
	"latchkey/authserver/internal/registration"
	"latchkey/pkg/fault"
)

// Store is what the use cases need of the database. Every method joins the
// transaction in its context.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	SearchUsers(ctx context.Context, q authserver.Search, now time.Time) (authserver.Found[authserver.UserEntry], error)
	SearchFamilies(ctx context.Context, q authserver.Search) (authserver.Found[authserver.FamilyEntry], error)
	SearchErasures(ctx context.Context, q authserver.Search) (authserver.Found[authserver.Erasure], error)
	SearchClients(ctx context.Context, q authserver.Search) (authserver.Found[*authserver.Client], error)
	SearchAPIKeys(ctx context.Context, q authserver.Search, now time.Time) (authserver.Found[authserver.KeyEntry], error)
	FindUser(ctx context.Context, id string) (*authserver.User, error)
	FindUserByEmail(ctx context.Context, email string) (*authserver.User, error)
	UserEmails(ctx context.Context, ids []string) (map[string]string, error)
	NamesOf(ctx context.Context, ids, clients []string) (map[string]string, error)
	ListMembers(ctx context.Context, familyID string) ([]authserver.User, error)
	FindClient(ctx context.Context, id string) (*authserver.Client, error)
	CountOperators(ctx context.Context) (int, error)
	HoldUser(ctx context.Context, id string) error
	ListEvents(ctx context.Context, f authserver.EventFilter) ([]authserver.Event, error)
	ClientsInUse(ctx context.Context, most int) ([]authserver.ClientUse, error)
	RefusedFrom(ctx context.Context, since time.Time, least, most int) ([]authserver.Refused, error)
	RefusedTo(ctx context.Context, since time.Time, least, most int) ([]authserver.Refused, error)
	LimitedHours(ctx context.Context, since time.Time) ([]authserver.LimitedHour, error)
	NextErasures(ctx context.Context, most int) ([]authserver.Erasure, error)
}

// Dependencies of a Service.
type Dependencies struct {
	Store    Store
	People   *account.Service
	Recovery *account.Recovery
	Clients  *registration.Service
	Consents *consent.Service
	Keys     *apikey.Service // nil: there are none
	Now      func() time.Time
	Logger   *slog.Logger  // of probes that panic
	Version  string        // of the program
	Health   []Probe       // of what the instance stands on
	Patience time.Duration // with each of them; 0: two seconds
}

// Service carries out the use cases. Its methods are safe for concurrent use. Those
// that change something take the operator who asks.
type Service struct{ deps Dependencies }

// New returns a Service.
func New(d Dependencies) *Service { return &Service{d} }

// Pages of lists, in rows.
const (
	PageSize    = 10
	MaxPageSize = 100
)

func bounded(q authserver.Search) authserver.Search {
	if q.Limit < 1 || q.Limit > MaxPageSize {
		q.Limit = PageSize
	}
	return q
}

// People returns a page of the people.
func (s *Service) People(ctx context.Context, q authserver.Search) (authserver.Found[authserver.UserEntry], error) {
	return s.deps.Store.SearchUsers(ctx, bounded(q), s.deps.Now())
}

// Families returns a page of the families.
func (s *Service) Families(ctx context.Context, q authserver.Search) (authserver.Found[authserver.FamilyEntry], error) {
	return s.deps.Store.SearchFamilies(ctx, bounded(q))
}

// Erasures returns a page of the erasures of families' data.
func (s *Service) Erasures(ctx context.Context, q authserver.Search) (authserver.Found[authserver.Erasure], error) {
	return s.deps.Store.SearchErasures(ctx, bounded(q))
}

// Clients returns a page of the clients.
func (s *Service) Clients(ctx context.Context, q authserver.Search) (authserver.Found[*authserver.Client], error) {
	return s.deps.Store.SearchClients(ctx, bounded(q))
}

// Keys returns a page of everybody's API keys.
func (s *Service) Keys(ctx context.Context, q authserver.Search) (authserver.Found[authserver.KeyEntry], error) {
	return s.deps.Store.SearchAPIKeys(ctx, bounded(q), s.deps.Now())
}

// Person is everything about one user that the operator needs.
type Person struct {
	User         *authserver.User
	Signins      []authserver.Signin
	Devices      []authserver.Device
	Applications []authserver.Application
	Keys         []*apikey.View
}

// Person returns a user with what acts in the user's name. fault.NotFound: there is
// no such user.
func (s *Service) Person(ctx context.Context, id string) (*Person, error) {
	u, err := s.user(ctx, id)
	if err != nil {
		return nil, err
	}
	p := &Person{User: u}
	for _, read := range []func() error{
		func() (err error) { p.Signins, err = s.deps.People.Signins(ctx, u.ID); return },
		func() (err error) { p.Devices, err = s.deps.People.Devices(ctx, u.ID); return },
		func() (err error) { p.Applications, err = s.deps.Consents.List(ctx, u.ID); return },
		func() (err error) {
			if s.deps.Keys != nil {
				p.Keys, err = s.deps.Keys.List(ctx, u.ID)
			}
			return
		},
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (s *Service) user(ctx context.Context, id string) (*authserver.User, error) {
	if !authserver.ValidID(id) {
		return nil, fault.New(fault.NotFound, "User not found")
	}
	return s.deps.Store.FindUser(ctx, id)
}

// Family returns a family with its active members. fault.NotFound: there is no such
// family.
func (s *Service) Family(ctx context.Context, id string) (*authserver.FamilyEntry, []authserver.User, error) {
	found, err := s.deps.Store.SearchFamilies(ctx, authserver.Search{Text: id, Limit: 1})
	if err != nil {
		return nil, nil, err
	}
	if len(found.Rows) == 0 || found.Rows[0].ID != id {
		return nil, nil, fault.New(fault.NotFound, "Family not found")
	}
	members, err := s.deps.Store.ListMembers(ctx, id)
	return &found.Rows[0], members, err
}

// Key returns anybody's API key. fault.NotFound: there is no such key, or it has
// ended.
func (s *Service) Key(ctx context.Context, id string) (*apikey.View, *authserver.User, error) {
	if s.deps.Keys == nil {
		return nil, nil, fault.New(fault.NotFound, "API key not found")
	}
	k, err := s.deps.Keys.Get(ctx, "", id)
	if err != nil {
		return nil, nil, err
	}
	u, err := s.deps.Store.FindUser(ctx, k.UserID)
	return k, u, err
}

// Client returns a client. fault.NotFound: there is no such client.
func (s *Service) Client(ctx context.Context, id string) (*authserver.Client, error) {
	return s.deps.Store.FindClient(ctx, id)
}
