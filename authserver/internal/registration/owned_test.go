package registration_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

func TestOwnedClients(t *testing.T) {
	eachService(t, func(s *fixture) {
		ada, eve := s.Person().ID, s.Person().ID
		r := good()
		r.OwnerID, r.ID, r.ResourceServer, r.Secret = ada, "chosen", true, secret.New(secret.ClientSecret).Reveal()
		made, err := s.CreateOwned(s.Context(), r)
		if err != nil {
			s.Fatal(err)
		}
		c := s.find(made.Client.ID)
		if c.ID == "chosen" || c.ResourceServer || c.OwnerID != ada || c.Vouched() || c.SecretMatches(r.Secret, start) || !c.SecretMatches(made.Secret.Reveal(), start) {
			s.Errorf("a person chose what only the operator may: %+v", c)
		}
		if found, err := s.Owned(s.Context(), ada, c.ID); err != nil || found.ID != c.ID {
			s.Errorf("%+v, %v", found, err)
		}
		operators, _ := s.create(good())
		for what, try := range map[string][2]string{
			"another's": {eve, c.ID}, "nobody's": {"", c.ID}, "the operator's, by nobody": {"", operators.ID}, "the operator's": {ada, operators.ID},
			"none": {ada, uuid.NewString()}, "no id": {ada, "a:b"},
		} {
			_, err := s.Owned(s.Context(), try[0], try[1])
			s.Want(what, err, fault.NotFound)
		}
		if list, err := s.ListOwned(s.Context(), ada); err != nil || len(list) != 1 {
			s.Errorf("%+v, %v", list, err)
		}
		_, err = s.ListOwned(s.Context(), "")
		s.Want("nobody's list", err, fault.NotFound)
	})
}

func TestAChangeOfAClient(t *testing.T) {
	eachService(t, func(s *fixture) {
		c, made := s.create(good())
		bad := registration.Request{Name: "", RedirectURIs: []string{"x"}, RefreshOverlap: -time.Second}
		_, err := s.Change(s.Context(), c, bad)
		s.Want("everything is wrong", err, fault.Invalid)
		next, err := s.Change(s.Context(), c, registration.Request{
			Name: " Budget 2 ", RedirectURIs: []string{"https://app.example/new"}, Scopes: "read", AuthMethod: authserver.AuthNone,
			RefreshOverlap: time.Minute, LocalhostPorts: true, PushedOnly: true, DeviceGrant: true, ResourceServer: true,
		})
		if err != nil {
			s.Fatal(err)
		}
		stored := s.find(c.ID)
		if next.Name != "Budget 2" || stored.Name != "Budget 2" || stored.RedirectURIs[0] != "https://app.example/new" || stored.Scopes != scope.Read ||
			stored.RefreshOverlap != time.Minute || !stored.LocalhostPorts || !stored.PushedOnly || !stored.DeviceGrant {
			s.Errorf("%+v", stored)
		}
		if stored.Public() || stored.ResourceServer || !stored.SecretMatches(made.Reveal(), start) {
			s.Errorf("what it was registered as has changed: %+v", stored)
		}
		if err := s.Delete(s.Context(), c.ID); err != nil {
			s.Fatal(err)
		}
		_, err = s.Change(s.Context(), c, good())
		s.Want("one that is gone", err, fault.NotFound)
	})
}

// However many are asked for at once, a person has 50 clients.
func TestAPersonHasSoManyClients(t *testing.T) {
	eachService(t, func(s *fixture) {
		r := good()
		r.OwnerID = s.Person().ID
		for range registration.MaxOwned - 3 {
			if _, err := s.CreateOwned(s.Context(), r); err != nil {
				s.Fatal(err)
			}
		}
		won := storetest.Race(10, func(int) bool {
			_, err := s.CreateOwned(s.Context(), r)
			if err != nil && !fault.Is(err, fault.Conflict) {
				s.Error(err)
			}
			return err == nil
		})
		if n := s.Count(`SELECT count(*) FROM clients`); won != 3 || n != registration.MaxOwned {
			s.Errorf("%d more, %d clients", won, n)
		}
	})
}

// A person who is leaving registers no client: it would stay for ever.
func TestWhoHasLeftRegistersNothing(t *testing.T) {
	eachService(t, func(s *fixture) {
		r := good()
		r.OwnerID = s.Person().ID
		if ok, err := s.Harness.Store.Deactivate(s.Context(), r.OwnerID, true, s.Harness.Now()); err != nil || !ok {
			s.Fatal(ok, err)
		}
		_, err := s.CreateOwned(s.Context(), r)
		s.Want("deactivated", err, fault.NotFound)
	})
}
