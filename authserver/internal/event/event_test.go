package event_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var start = storetest.Start

// world is a recorder on a fresh database.
type world struct {
	*storetest.Harness
	*event.Recorder
	log  *journal
	user authserver.User
}

// journal is a log that may be written to by many.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func eachEngine(t *testing.T, fn func(w *world)) {
	t.Helper()
	storetest.EachEngine(t, func(h *storetest.Harness) {
		w := &world{Harness: h, Recorder: h.Events(), log: &journal{}, user: *h.Person()}
		w.Logger = slog.New(slog.NewTextHandler(w.log, nil))
		fn(w)
	})
}

func (w *world) count(condition string, args ...any) int {
	w.Helper()
	return w.Count(`SELECT count(*) FROM events WHERE `+condition, args...)
}

func TestAnEventIsARowAndALine(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.From = func(context.Context) authserver.Origin {
			return authserver.Origin{Address: "192.0.2.1", UserAgent: "Firefox\xff" + strings.Repeat("x", 500), RequestID: "r-1"}
		}
		err := w.Record(w.Context(), authserver.Event{
			Kind: authserver.EventKeyCreated, UserID: w.user.ID, SubjectID: "k", Details: map[string]string{"scope": "read", "a": "b"},
		})
		if err != nil {
			w.Fatal(err)
		}
		n := w.count(`kind = 'apikey.created' AND outcome = 'success' AND actor_id = $1 AND user_id = $1 AND family_id = $2
			AND subject_id = 'k' AND details = '{"a":"b","scope":"read"}' AND address = '192.0.2.1' AND request_id = 'r-1' AND length(user_agent) < 401`,
			w.user.ID, w.user.FamilyID)
		if n != 1 {
			w.Errorf("%d rows", n)
		}
		for _, part := range []string{
			"event=apikey.created", "outcome=success", "user_id=" + w.user.ID, "actor_id=" + w.user.ID, "family_id=" + w.user.FamilyID,
			"subject_id=k", "client_addr=192.0.2.1", "request_id=r-1", "scope=read",
		} {
			if !strings.Contains(w.log.String(), part) {
				w.Errorf("the line lacks %s: %s", part, w.log)
			}
		}
	})
}

func TestWhatIsRolledBackLeavesNeitherRowNorLine(t *testing.T) {
	broken := errors.New("broken")
	eachEngine(t, func(w *world) {
		err := w.Harness.Store.InTx(w.Context(), func(ctx context.Context) error {
			if err := w.Record(ctx, authserver.Event{Kind: authserver.EventPasswordChanged, UserID: w.user.ID}); err != nil {
				return err
			}
			w.Note(ctx, authserver.Event{Kind: authserver.EventGrantOpened, UserID: w.user.ID})
			if w.log.String() != "" {
				w.Errorf("logged before the commit: %s", w.log)
			}
			return broken
		})
		if !errors.Is(err, broken) || w.count("1 = 1") != 0 || w.log.String() != "" {
			w.Errorf("%v, %d rows, log %q", err, w.count("1 = 1"), w.log)
		}
	})
}

func TestAFollowerActsInTheTransaction(t *testing.T) {
	broken := errors.New("broken")
	eachEngine(t, func(w *world) {
		var told []authserver.Event
		w.Followers = []event.Follower{func(_ context.Context, e *authserver.Event) error {
			told = append(told, *e)
			if len(told) > 1 {
				return broken
			}
			return nil
		}}
		record := func() error {
			return w.Harness.Store.InTx(w.Context(), func(ctx context.Context) error {
				return w.Record(ctx, authserver.Event{Kind: authserver.EventPasswordChanged, UserID: w.user.ID})
			})
		}
		if err := record(); err != nil || told[0].FamilyID != w.user.FamilyID || told[0].ID == "" || !told[0].At.Equal(start) {
			w.Errorf("%v, %+v", err, told)
		}
		if err := record(); !errors.Is(err, broken) || w.count("1 = 1") != 1 || strings.Count(w.log.String(), "audit") != 1 {
			w.Errorf("%v, %d rows, log %q", err, w.count("1 = 1"), w.log)
		}
	})
}

// Whoever guesses fills the log, and not the table.
func TestRefusalsAreStoredSoOftenAnHour(t *testing.T) {
	eachEngine(t, func(w *world) {
		other := *w.Person()
		ctx, leave := context.WithCancel(w.Context())
		leave() // the client does not wait for the answer
		for range 40 {
			w.Refused(ctx, authserver.Event{Kind: authserver.EventSigninFailed, UserID: w.user.ID})
		}
		w.Refused(ctx, authserver.Event{Kind: authserver.EventSigninFailed, UserID: other.ID})
		if n := w.count(`user_id = $1 AND outcome = 'failure' AND actor_id = ''`, w.user.ID); n != 30 {
			w.Errorf("%d rows of the one", n)
		}
		if n := w.count(`user_id = $1`, other.ID); n != 1 {
			w.Errorf("%d rows of the other", n)
		}
		if n := strings.Count(w.log.String(), "event=signin.failed"); n != 41 {
			w.Errorf("%d lines", n)
		}
		w.At(61 * time.Minute)
		w.Refused(ctx, authserver.Event{Kind: authserver.EventSigninFailed, UserID: w.user.ID})
		if n := w.count(`user_id = $1`, w.user.ID); n != 31 {
			w.Errorf("%d rows an hour later", n)
		}
	})
}

func TestWhoDidIt(t *testing.T) {
	eachEngine(t, func(w *world) {
		for _, c := range []struct {
			name, actor, want string
			from              authserver.Origin
			e                 authserver.Event
		}{
			{"the person", "operator", w.user.ID, authserver.Origin{Address: "192.0.2.1", RequestID: "r"}, authserver.Event{Kind: authserver.EventExported}},
			{"another member", "", "admin", authserver.Origin{Address: "192.0.2.1", RequestID: "r"}, authserver.Event{Kind: authserver.EventRoleChanged, ActorID: "admin"}},
			{"the operator", "operator", "operator", authserver.Origin{}, authserver.Event{Kind: authserver.EventResetRequested}},
			{"the server", "server", "server", authserver.Origin{RequestID: "own"}, authserver.Event{Kind: authserver.EventUserDeleted}},
			{"anybody", "server", "", authserver.Origin{Address: "192.0.2.1", RequestID: "r"}, authserver.Event{Kind: authserver.EventResetRequested}},
			{"a thief", "", "", authserver.Origin{Address: "192.0.2.1", RequestID: "r"}, authserver.Event{Kind: authserver.EventGrantEnded, Outcome: authserver.OutcomeFailure}},
		} {
			w.Actor, w.From = c.actor, func(context.Context) authserver.Origin { return c.from }
			c.e.UserID, c.e.SubjectID = w.user.ID, c.name
			if err := w.Record(w.Context(), c.e); err != nil {
				w.Fatal(err)
			}
			if w.count(`subject_id = $1 AND actor_id = $2`, c.name, c.want) != 1 {
				w.Errorf("%s: not %q", c.name, c.want)
			}
		}
	})
}
