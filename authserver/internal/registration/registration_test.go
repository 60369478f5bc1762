package registration_test

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var start = storetest.Start

type fixture struct {
	*registration.Service
	*storetest.Harness
	log *strings.Builder
}

// eachService runs fn with a service on a fresh database of each engine.
func eachService(t *testing.T, fn func(s *fixture)) {
	t.Helper()
	storetest.EachEngine(t, func(h *storetest.Harness) {
		log, events := &strings.Builder{}, h.Events()
		events.Logger = slog.New(slog.NewTextHandler(log, nil))
		fn(&fixture{&registration.Service{
			Store: h.Store, Grants: grant.New(grant.Dependencies{Store: h.Store, Events: events, Logger: slog.New(slog.DiscardHandler), Now: h.Now}),
			Events: events, Now: h.Now,
		}, h, log})
	})
}

func good() registration.Request {
	return registration.Request{Name: "Budget", AuthMethod: authserver.AuthBasic, RedirectURIs: []string{"https://app.example/callback"}}
}

func (s *fixture) create(r registration.Request) (*authserver.Client, secret.Token) {
	s.Helper()
	c, made, err := s.Create(s.Context(), r)
	if err != nil {
		s.Fatal(err)
	}
	return c, made
}

func (s *fixture) find(id string) *authserver.Client {
	s.Helper()
	c, err := s.Service.Store.FindClient(s.Context(), id)
	if err != nil {
		s.Fatal(err)
	}
	return c
}

func TestCreate(t *testing.T) {
	eachService(t, func(s *fixture) {
		r := good()
		r.Name, r.RedirectURIs = "  Büdget 家計簿  ", []string{"https://app.example/callback", "com.example.app:/back", "http://127.0.0.1:9/x"}
		c, made := s.create(r)
		stored := s.find(c.ID)
		if stored.Name != "Büdget 家計簿" || stored.Scopes != scope.All || !stored.CreatedAt.Equal(start) || stored.Public() {
			s.Errorf("%+v", stored)
		}
		if diff := cmp.Diff(r.RedirectURIs, stored.RedirectURIs); diff != "" {
			s.Error(diff)
		}
		if !stored.SecretMatches(made.Reveal(), start) || stored.SecretMatches("", start) || stored.SecretMatches(made.Reveal()+"x", start) {
			s.Error("the secret that was shown is not the one that works")
		}
		if strings.Contains(s.log.String(), made.Reveal()) || !strings.Contains(s.log.String(), authserver.EventClientCreated) {
			s.Errorf("log: %s", s.log)
		}
		r = good()
		r.AuthMethod, r.Scopes = authserver.AuthNone, "read"
		if c, made = s.create(r); !made.IsZero() || !c.Public() || s.find(c.ID).Scopes != scope.Read || s.find(c.ID).SecretMatches("", start) {
			s.Errorf("public: %+v", c)
		}
		// A resource server needs no redirect.
		s.create(registration.Request{Name: "API", AuthMethod: authserver.AuthBasic, ResourceServer: true})
		// An id is taken once.
		r = good()
		r.ID = "budget"
		s.create(r)
		if _, _, err := s.Create(s.Context(), r); !fault.Is(err, fault.Conflict) {
			s.Errorf("an id twice: %v", err)
		}
	})
}

func TestEveryComplaint(t *testing.T) {
	s := &registration.Service{Now: func() time.Time { return start }}
	many := make([]string, registration.MaxRedirectURIs+1)
	for i := range many {
		many[i] = "https://app.example/" + strings.Repeat("x", i)
	}
	for name, c := range map[string]struct {
		change func(r *registration.Request)
		want   string
	}{
		"no name":          {func(r *registration.Request) { r.Name = " " }, "Name must have"},
		"long name":        {func(r *registration.Request) { r.Name = strings.Repeat("ä", 101) }, "Name must have"},
		"control":          {func(r *registration.Request) { r.Name = "a\nb" }, "Name must have"},
		"turned around":    {func(r *registration.Request) { r.Name = "a\u202eb" }, "Name must have"},
		"no UTF-8":         {func(r *registration.Request) { r.Name = "a\xff" }, "Name must have"},
		"id with blank":    {func(r *registration.Request) { r.ID = "a b" }, "Client id"},
		"id with colon":    {func(r *registration.Request) { r.ID = "a:b" }, "Client id"},
		"long id":          {func(r *registration.Request) { r.ID = strings.Repeat("x", 101) }, "Client id"},
		"id not ASCII":     {func(r *registration.Request) { r.ID = "ä" }, "Client id"},
		"method":           {func(r *registration.Request) { r.AuthMethod = "private_key_jwt" }, "Authentication method"},
		"no method":        {func(r *registration.Request) { r.AuthMethod = "" }, "Authentication method"},
		"public RS":        {func(r *registration.Request) { r.AuthMethod, r.ResourceServer = authserver.AuthNone, true }, "must be confidential"},
		"scopes":           {func(r *registration.Request) { r.Scopes = "read admin" }, "Scopes are"},
		"no redirect":      {func(r *registration.Request) { r.RedirectURIs = nil }, "At least one"},
		"many redirects":   {func(r *registration.Request) { r.RedirectURIs = many }, "at most 20"},
		"plain http":       {func(r *registration.Request) { r.RedirectURIs = []string{"http://app.example/"} }, "must use https"},
		"script":           {func(r *registration.Request) { r.RedirectURIs = []string{"javascript:alert(1)"} }, "must use https"},
		"fragment":         {func(r *registration.Request) { r.RedirectURIs = []string{"https://app.example/#x"} }, "fragment"},
		"relative":         {func(r *registration.Request) { r.RedirectURIs = []string{"/callback"} }, "absolute"},
		"wildcard":         {func(r *registration.Request) { r.RedirectURIs = []string{"https://*.example/"} }, "wildcard"},
		"a person's name":  {func(r *registration.Request) { r.RedirectURIs = []string{"https://me@app.example/"} }, "user"},
		"one bad of two":   {func(r *registration.Request) { r.RedirectURIs = append(r.RedirectURIs, "x") }, "absolute"},
		"a chosen secret":  {func(r *registration.Request) { r.Secret = "secret" }, "never chosen"},
		"some other token": {func(r *registration.Request) { r.Secret = secret.New(secret.APIKey).Reveal() }, "never chosen"},
	} {
		r := good()
		c.change(&r)
		_, _, err := s.Create(t.Context(), r)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err := s.Create(t.Context(), registration.Request{Name: "", ID: " ", Scopes: "x"})
	if f, ok := errors.AsType[*fault.Error](err); !ok || len(f.Errors) != 5 {
		t.Errorf("five rules are broken: %v", err)
	}
}

func TestRotateSecret(t *testing.T) {
	eachService(t, func(s *fixture) {
		c, first := s.create(good())
		second, err := s.RotateSecret(s.Context(), c.ID, time.Hour, "")
		if err != nil {
			s.Fatal(err)
		}
		stored := s.find(c.ID)
		for _, token := range []secret.Token{first, second} {
			if !stored.SecretMatches(token.Reveal(), start.Add(time.Hour-time.Second)) {
				s.Errorf("%s does not work within the overlap", token)
			}
		}
		if stored.SecretMatches(first.Reveal(), start.Add(time.Hour)) || !stored.SecretMatches(second.Reveal(), start.Add(time.Hour)) {
			s.Error("after the overlap the new secret works, and only it")
		}
		third, err := s.RotateSecret(s.Context(), c.ID, 0, "")
		if err != nil {
			s.Fatal(err)
		}
		if stored = s.find(c.ID); stored.SecretMatches(second.Reveal(), start) || stored.SecretMatches(first.Reveal(), start) || !stored.SecretMatches(third.Reveal(), start) {
			s.Error("without an overlap only the new secret works")
		}
		for _, overlap := range []time.Duration{-time.Second, registration.MaxOverlap + time.Second} {
			if _, err := s.RotateSecret(s.Context(), c.ID, overlap, ""); !fault.Is(err, fault.Invalid) {
				s.Errorf("overlap %s: %v", overlap, err)
			}
		}
		r := good()
		r.AuthMethod = authserver.AuthNone
		public, _ := s.create(r)
		if _, err := s.RotateSecret(s.Context(), public.ID, 0, ""); !fault.Is(err, fault.Invalid) {
			s.Errorf("a public client: %v", err)
		}
		if _, err := s.RotateSecret(s.Context(), "nobody", 0, ""); !fault.Is(err, fault.NotFound) {
			s.Errorf("no client: %v", err)
		}
	})
}

// Rotations that arrive together: every secret that was shown as good is good.
func TestRotateRace(t *testing.T) {
	eachService(t, func(s *fixture) {
		c, first := s.create(good())
		const n = 8
		var (
			mu    sync.Mutex
			shown []secret.Token
			group sync.WaitGroup
		)
		for range n {
			group.Go(func() {
				made, err := s.RotateSecret(s.Context(), c.ID, 0, "")
				if err != nil {
					if !fault.Is(err, fault.Conflict) {
						s.Errorf("a loser got %v", err)
					}
					return
				}
				mu.Lock()
				defer mu.Unlock()
				shown = append(shown, made)
			})
		}
		group.Wait()
		stored, working := s.find(c.ID), 0
		for _, made := range shown {
			if stored.SecretMatches(made.Reveal(), start) {
				working++
			}
		}
		if working != 1 || stored.SecretMatches(first.Reveal(), start) {
			s.Errorf("%d of %d secrets that were shown work", working, len(shown))
		}
	})
}

func TestEnsure(t *testing.T) {
	eachService(t, func(s *fixture) {
		r := registration.Request{
			ID: "resource-api", Name: "Resource API", AuthMethod: authserver.AuthBasic, ResourceServer: true,
			Secret: secret.New(secret.ClientSecret).Reveal(),
		}
		var group sync.WaitGroup
		for range 4 { // replicas that start together
			group.Go(func() {
				if err := s.Ensure(s.Context(), r, 0); err != nil {
					s.Errorf("%v", err)
				}
			})
		}
		group.Wait()
		if !s.find(r.ID).SecretMatches(r.Secret, start) {
			s.Error("the secret of the deployment does not work")
		}
		old := r.Secret
		r.Secret = secret.New(secret.ClientSecret).Reveal()
		if err := s.Ensure(s.Context(), r, 0); err != nil {
			s.Fatal(err)
		}
		if c := s.find(r.ID); !c.SecretMatches(r.Secret, start) || c.SecretMatches(old, start) {
			s.Error("the deployment's new secret does not take the old one's place")
		}
		r.Secret = "chosen"
		if err := s.Ensure(s.Context(), r, 0); !fault.Is(err, fault.Invalid) {
			s.Errorf("a chosen secret: %v", err)
		}
	})
}

func TestDelete(t *testing.T) {
	eachService(t, func(s *fixture) {
		c, _ := s.create(good())
		if err := s.Delete(s.Context(), c.ID); err != nil {
			s.Fatal(err)
		}
		if err := s.Delete(s.Context(), c.ID); !fault.Is(err, fault.NotFound) {
			s.Errorf("twice: %v", err)
		}
	})
}
