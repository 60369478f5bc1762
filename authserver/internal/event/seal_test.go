package event_test

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
)

var (
	oneKey   = strings.Repeat("11", 32)
	otherKey = strings.Repeat("22", 32)
)

func (w *world) withKeys(current string, old ...string) {
	w.Helper()
	keys, err := event.NewKeys(current, old...)
	if err != nil {
		w.Fatal(err)
	}
	w.Chain, w.Keys = w.Harness.Store, keys
}

func (w *world) seal() {
	w.Helper()
	if err := w.Seal(w.Context()); err != nil {
		w.Fatal(err)
	}
}

func (w *world) verify(heads map[int64][]byte) *event.Verified {
	w.Helper()
	v, err := w.Verify(w.Context(), heads)
	if err != nil {
		w.Fatal(err)
	}
	return v
}

func (w *world) head() map[int64][]byte {
	w.Helper()
	number, text, _ := strings.Cut(w.verify(nil).Head, ":")
	position, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		w.Fatal(err)
	}
	seal, err := hex.DecodeString(text)
	if err != nil {
		w.Fatal(err)
	}
	return map[int64][]byte{position: seal}
}

// fill seals ten events, in two runs.
func (w *world) fill() {
	w.Helper()
	for i := range 10 {
		w.Pass(time.Minute)
		w.record(w.user, authserver.EventSignin, fmt.Sprint(i))
		if i == 6 {
			w.seal()
		}
	}
	w.seal()
	if v := w.verify(nil); v.Events != 10 || v.Fresh != 0 || len(v.Faults) != 0 {
		w.Fatalf("%+v", v)
	}
}

func TestVerifyFindsWhatWasDone(t *testing.T) {
	const columns = `at, kind, outcome, actor_id, user_id, family_id, client_id, subject_id, details, address, user_agent, request_id, mark`
	const id = `'00000000-0000-0000-0000-000000000001'`
	for name, attack := range map[string]string{
		"a changed address":      `UPDATE events SET address = '203.0.113.1' WHERE position = 4`,
		"a changed time":         `UPDATE events SET at = (SELECT at FROM events WHERE position = 1) WHERE position = 4`,
		"a changed family":       `UPDATE events SET family_id = 'x' WHERE position = 4`,
		"changed details":        `UPDATE events SET details = '{"a":"b"}' WHERE position = 4`,
		"details that are none":  `UPDATE events SET details = 'x' WHERE position = 4`,
		"a changed last event":   `UPDATE events SET subject_id = 'x' WHERE position = 10`,
		"one removed":            `DELETE FROM events WHERE position = 4`,
		"the first removed":      `DELETE FROM events WHERE position = 1`,
		"the last removed":       `DELETE FROM events WHERE position = 10`,
		"the end cut off":        `DELETE FROM events WHERE position > 5`,
		"all removed":            `DELETE FROM events`,
		"removed and said swept": `DELETE FROM events WHERE position < 4; UPDATE event_chain SET swept = 3`,
		"the end moved":          `DELETE FROM events WHERE position > 5; UPDATE event_chain SET position = 5, seal = (SELECT seal FROM events WHERE position = 5)`,
		"no chain":               `DELETE FROM event_chain`,
		"two exchanged":          `UPDATE events SET position = 99 WHERE position = 4; UPDATE events SET position = 4 WHERE position = 5; UPDATE events SET position = 5 WHERE position = 99`,
		"one inserted":           `INSERT INTO events (id, ` + columns + `) SELECT ` + id + `, ` + columns + ` FROM events WHERE position = 4`,
		"one without a mark":     `INSERT INTO events (id, ` + columns + `) SELECT ` + id + `, ` + strings.Replace(columns, "mark", "seal", 1) + ` FROM events WHERE position = 4`,
		"one after the end":      `INSERT INTO events (id, ` + columns + `, position) SELECT ` + id + `, ` + columns + `, 11 FROM events WHERE position = 4`,
	} {
		t.Run(name, func(t *testing.T) {
			eachEngine(t, func(w *world) {
				w.withKeys(oneKey)
				w.fill()
				for _, text := range strings.Split(attack, "; ") {
					w.Exec(text)
				}
				if v := w.verify(nil); len(v.Faults) == 0 {
					w.Errorf("not found: %+v", v)
				}
				w.seal() // a server goes on
				if v := w.verify(nil); len(v.Faults) == 0 {
					w.Errorf("not found after another seal: %+v", v)
				}
			})
		})
	}
}

// Whoever kept an earlier state of the tables can bring it back; the head that was
// logged tells.
func TestALoggedHeadFindsAnEarlierState(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.withKeys(oneKey)
		w.fill()
		logged := w.head()
		if v := w.verify(logged); len(v.Faults) != 0 {
			w.Fatalf("%+v", v)
		}
		if !strings.Contains(w.log.String(), "head of the security events") {
			w.Error("no head was logged")
		}
		before := *w.chain()
		w.record(w.user, authserver.EventSignin, "more")
		w.seal()
		later := w.head()
		w.Exec(`DELETE FROM events WHERE position = 11`)
		if err := w.Harness.Store.SaveEventChain(w.Context(), &before); err != nil {
			w.Fatal(err)
		}
		if v := w.verify(nil); len(v.Faults) != 0 {
			w.Errorf("the tables are those of before: %+v", v)
		}
		if v := w.verify(later); len(v.Faults) == 0 {
			w.Error("the logged head does not tell")
		}
	})
}

func (w *world) chain() *authserver.EventChain {
	w.Helper()
	c, err := w.Harness.Store.FindEventChain(w.Context())
	if err != nil || c == nil {
		w.Fatal(c, err)
	}
	return c
}

// Replicas that seal while others record and sweep make one chain.
func TestManyReplicasMakeOneChain(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.withKeys(oneKey)
		w.record(w.user, authserver.EventSignup, "first")
		w.seal()
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for i := range 25 {
					if err := w.Record(w.Context(), authserver.Event{Kind: authserver.EventSignin, UserID: w.user.ID, SubjectID: fmt.Sprint(i)}); err != nil {
						w.Error(err)
					}
				}
			})
			all.Go(func() {
				for range 10 {
					if err := w.Seal(w.Context()); err != nil {
						w.Error(err)
					}
					if v, err := w.Verify(w.Context(), nil); err != nil || len(v.Faults) != 0 {
						w.Errorf("%+v, %v", v, err)
					}
				}
			})
		}
		all.Wait()
		w.seal()
		if v := w.verify(nil); v.Events != 101 || len(v.Faults) != 0 {
			w.Errorf("%+v", v)
		}
	})
}

func TestWhatIsSweptBreaksNoChain(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.withKeys(oneKey)
		for i := range 250 {
			w.Pass(time.Minute)
			w.record(w.user, authserver.EventSignin, fmt.Sprint(i))
		}
		w.seal()
		was, until, gone := w.count("1 = 1"), start.Add(241*time.Minute), 0
		expired, err := w.Expired(w.Context(), until)
		if err != nil {
			w.Fatal(err)
		}
		if err := w.Sweep(w.Context(), until, func(n int64) { gone += int(n) }); err != nil {
			w.Fatal(err)
		}
		if gone != was-10 || int(expired) != gone {
			w.Errorf("%d of %d are gone, %d were to go", gone, was, expired)
		}
		if v := w.verify(nil); w.count("1 = 1") != 10 || v.Events != 10 || len(v.Faults) != 0 {
			w.Errorf("%d rows, %+v", w.count("1 = 1"), v)
		}
		if err := w.Sweep(w.Context(), w.Harness.Now().Add(time.Hour), func(int64) {}); err != nil {
			w.Fatal(err)
		}
		if v := w.verify(nil); w.count("1 = 1") != 0 || len(v.Faults) != 0 {
			w.Errorf("all swept: %d rows, %+v", w.count("1 = 1"), v)
		}
		w.record(w.user, authserver.EventSignin, "after")
		w.seal()
		if v := w.verify(nil); v.Events != 1 || len(v.Faults) != 0 {
			w.Errorf("one more: %+v", v)
		}
	})
}

func TestEventsOutliveTheirKey(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.record(w.user, authserver.EventSignin, "before there was a key")
		w.withKeys(oneKey)
		w.fillAfter(1)
		w.withKeys(otherKey, oneKey)
		w.record(w.user, authserver.EventSignin, "under the new one")
		w.seal()
		if v := w.verify(nil); v.Events != 12 || len(v.Faults) != 0 {
			w.Fatalf("both keys: %+v", v)
		}
		if err := w.Reseal(w.Context()); err != nil {
			w.Fatal(err)
		}
		w.withKeys(otherKey)
		if v := w.verify(nil); v.Events != 12 || len(v.Faults) != 0 {
			w.Errorf("the new key alone: %+v", v)
		}
		w.withKeys(oneKey)
		if v := w.verify(nil); len(v.Faults) == 0 {
			w.Error("another key finds all well")
		}
		if _, err := (&event.Recorder{Store: w.Harness.Store, Chain: w.Harness.Store}).Verify(t.Context(), nil); err == nil {
			w.Error("without a key all is well")
		}
	})
}

// fillAfter is fill where n events wait already.
func (w *world) fillAfter(n int) {
	w.Helper()
	for i := range 10 {
		w.record(w.user, authserver.EventSignin, fmt.Sprint(i))
	}
	w.seal()
	if v := w.verify(nil); v.Events != 10+n || len(v.Faults) != 0 {
		w.Fatalf("%+v", v)
	}
}
