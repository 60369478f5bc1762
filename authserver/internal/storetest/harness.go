package storetest

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

// Start is the time at which a Harness begins.
var Start = time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)

// Redirect is where the clients of AddClient redirect to.
const Redirect = "https://app.example/cb"

// Harness is a test with the store on a fresh database and a clock that stands still.
type Harness struct {
	*testing.T
	DB    *database.DB
	Store *store.Store
	after atomic.Int64 // nanoseconds after Start
}

// EachEngine runs fn in a Harness on each engine.
func EachEngine(t *testing.T, fn func(h *Harness)) {
	t.Helper()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) { fn(New(t, set)) })
}

// New returns a Harness on the database of set.
func New(t *testing.T, set testenv.Set) *Harness {
	t.Helper()
	db := Open(t, set)
	return &Harness{T: t, DB: db, Store: store.New(db)}
}

// Now is what the clock of the harness says.
func (h *Harness) Now() time.Time { return Start.Add(time.Duration(h.after.Load())) }

// Pass puts the clock forward.
func (h *Harness) Pass(d time.Duration) { h.after.Add(int64(d)) }

// At puts the clock to d after Start.
func (h *Harness) At(d time.Duration) { h.after.Store(int64(d)) }

// Events records in the store; nobody reads its log.
func (h *Harness) Events() *event.Recorder {
	return &event.Recorder{Store: h.Store, Logger: slog.New(slog.DiscardHandler), Now: h.Now}
}

// Person adds a user who is the admin of a family of their own.
func (h *Harness) Person() *authserver.User {
	h.Helper()
	u := &authserver.User{
		ID: uuid.NewString(), FamilyID: uuid.NewString(), Role: authserver.RoleAdmin, UILayout: "dashboard", CreatedAt: h.Now(),
	}
	u.Email = u.ID + "@example.com"
	h.must(h.Store.CreateFamily(h.Context(), authserver.Family{ID: u.FamilyID, Name: "Family", CreatedAt: u.CreatedAt}))
	h.must(h.Store.CreateUser(h.Context(), u))
	return u
}

// Signin adds a sign-in of u, good for an hour.
func (h *Harness) Signin(u *authserver.User) *authserver.Signin {
	h.Helper()
	now := h.Now()
	in := &authserver.Signin{
		ID: uuid.NewString(), Digest: secret.New(secret.Signin).Digest(), User: *u, CreatedAt: now, SeenAt: now, ConfirmedAt: now,
		ExpiresAt: now.Add(time.Hour),
	}
	h.must(h.Store.CreateSignin(h.Context(), in))
	return in
}

// AddClient adds a public client that may have every scope, with whatever change does
// to it.
func (h *Harness) AddClient(id string, change ...func(c *authserver.Client)) *authserver.Client {
	h.Helper()
	c := &authserver.Client{
		ID: id, Name: "App", AuthMethod: authserver.AuthNone, Scopes: scope.All, RedirectURIs: []string{Redirect}, CreatedAt: h.Now(),
	}
	for _, one := range change {
		one(c)
	}
	h.must(h.Store.CreateClient(h.Context(), c))
	return c
}

// Exec runs a statement.
func (h *Harness) Exec(text string, args ...any) {
	h.Helper()
	if _, err := h.DB.Exec(h.Context(), text, args...); err != nil {
		h.Fatalf("%s: %v", text, err)
	}
}

// Count runs a query that returns one number.
func (h *Harness) Count(text string, args ...any) (n int) {
	h.Helper()
	if err := h.DB.QueryRow(h.Context(), text, args...).Scan(&n); err != nil {
		h.Fatalf("%s: %v", text, err)
	}
	return n
}

// Want complains unless err is of the kind.
func (h *Harness) Want(what string, err error, kind fault.Kind) {
	h.Helper()
	if !fault.Is(err, kind) {
		h.Errorf("%s: %v, want %v", what, err, kind)
	}
}

func (h *Harness) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// Race runs try n times at once and returns how many were true.
func Race(n int, try func(i int) bool) int {
	var (
		group sync.WaitGroup
		wins  atomic.Int64
		gate  = make(chan struct{})
	)
	for i := range n {
		group.Go(func() {
			<-gate
			if try(i) {
				wins.Add(1)
			}
		})
	}
	close(gate)
	group.Wait()
	return int(wins.Load())
}
