package keyuse_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/pkg/keyuse"
)

type sink struct {
	mu   sync.Mutex
	got  []keyuse.Use
	ids  []string // of all reports, those that were not taken too
	away bool

	sizes []int // of the reports, in bytes of JSON
}

func (s *sink) take(_ context.Context, r keyuse.Report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = append(s.ids, r.ID)
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	s.sizes = append(s.sizes, len(raw))
	if s.away {
		return errors.New("away")
	}
	s.got = append(s.got, r.Uses...)
	return nil
}

func (s *sink) setAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

func (s *sink) seen() []keyuse.Use {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

func run(t *testing.T, fn func(r *keyuse.Recorder, s *sink, stop func())) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		r, err := keyuse.NewRecorder(keyuse.Options{Sink: s.take, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		fn(r, s, func() { stop(); <-done })
		stop()
		<-done
	})
}

// after lets the bubble's clock advance.
func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestOncePerKeyAndInterval(t *testing.T) {
	run(t, func(r *keyuse.Recorder, s *sink, _ func()) {
		r.Note(time.Now(), keyuse.Caller{KeyID: "a", From: "192.0.2.1"}, keyuse.Admitted)
		after(2 * time.Second)
		if got := s.seen(); len(got) != 1 || got[0].Count != 1 || got[0].From != "192.0.2.1" {
			t.Fatalf("the first use is reported soon: %v", got)
		}
		for range 20 {
			r.Note(time.Now(), keyuse.Caller{KeyID: "a", From: "192.0.2.2"}, keyuse.Admitted)
			after(2 * time.Second)
		}
		if got := s.seen(); len(got) != 1 {
			t.Fatalf("within a minute: %v", got)
		}
		r.Note(time.Now(), keyuse.Caller{KeyID: "b", From: "192.0.2.3"}, keyuse.Admitted)
		after(25 * time.Second)
		got := s.seen()
		if len(got) != 3 {
			t.Fatalf("after a minute: %v", got)
		}
		if last := got[2]; last.ID != "a" || last.Count != 20 || last.From != "192.0.2.2" {
			t.Errorf("the rest: %+v", last)
		}
	})
}

// oneOf is what was reported of something, summed up by address.
func oneOf(uses []keyuse.Use, kind, id, from string) (sum keyuse.Use) {
	for _, u := range uses {
		if u.Kind == kind && u.ID == id && u.From == from {
			sum.Count, sum.Limited, sum.Forbidden = sum.Count+u.Count, sum.Limited+u.Limited, sum.Forbidden+u.Forbidden
		}
	}
	return sum
}

func TestNothingIsLostWhileTheReceiverIsAway(t *testing.T) {
	run(t, func(r *keyuse.Recorder, s *sink, stop func()) {
		s.setAway(true)
		for range 5 {
			r.Note(time.Now(), keyuse.Caller{KeyID: "a", From: "192.0.2.1"}, keyuse.Admitted)
			after(10 * time.Second)
		}
		if pending := r.Pending(keyuse.KindKey, "a"); oneOf(pending, "", "a", "192.0.2.1").Count != 5 {
			t.Errorf("on its way: %+v", pending)
		}
		s.setAway(false)
		r.Note(time.Now(), keyuse.Caller{KeyID: "a", From: "192.0.2.9"}, keyuse.Admitted)
		stop()
		got := s.seen()
		if oneOf(got, "", "a", "192.0.2.1").Count != 5 || oneOf(got, "", "a", "192.0.2.9").Count != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// What was not answered is sent again as it was, so that it is counted once.
func TestAReportKeepsItsName(t *testing.T) {
	run(t, func(r *keyuse.Recorder, s *sink, stop func()) {
		s.setAway(true)
		r.Note(time.Now(), keyuse.Caller{KeyID: "a"}, keyuse.Admitted)
		after(30 * time.Second)
		s.setAway(false)
		stop()
		if len(s.ids) < 2 || s.ids[0] == "" || s.ids[0] != s.ids[len(s.ids)-1] {
			t.Errorf("%v", s.ids)
		}
		again := keyuse.Report{ID: s.ids[0], Uses: s.seen()}
		r.Add(again)
		r.Add(again)
		if got := r.Pending(keyuse.KindKey, "a"); len(got) != 1 || got[0].Count != 1 {
			t.Errorf("a report came twice: %+v", got)
		}
	})
}

func TestEachHourIsCounted(t *testing.T) {
	run(t, func(r *keyuse.Recorder, s *sink, stop func()) {
		s.setAway(true)
		r.Note(time.Now(), keyuse.Caller{KeyID: "a", From: "192.0.2.1"}, keyuse.Admitted)
		after(time.Hour)
		r.Note(time.Now(), keyuse.Caller{KeyID: "a", From: "192.0.2.1"}, keyuse.Admitted)
		s.setAway(false)
		stop()
		got := s.seen()
		if len(got) != 2 || got[0].Count != 1 || got[1].Count != 1 || got[0].Hour.Equal(got[1].Hour) {
			t.Errorf("%+v", got)
		}
	})
}

func TestOutcomesAndApplications(t *testing.T) {
	run(t, func(r *keyuse.Recorder, s *sink, stop func()) {
		key, token := keyuse.Caller{KeyID: "k"}, keyuse.Caller{ClientID: "c", GrantID: "g"}
		for _, o := range []keyuse.Outcome{keyuse.Admitted, keyuse.Admitted, keyuse.Limited, keyuse.Forbidden} {
			r.Note(time.Now(), key, o)
			r.Note(time.Now(), token, o)
		}
		r.Happened("signin")
		stop()
		for _, one := range []keyuse.Use{{Kind: keyuse.KindKey, ID: "k"}, {Kind: keyuse.KindClient, ID: "c"}, {Kind: keyuse.KindGrant, ID: "g"}} {
			if got := oneOf(s.seen(), one.Kind, one.ID, ""); got.Count != 2 || got.Limited != 1 || got.Forbidden != 1 {
				t.Errorf("%q %s: %+v", one.Kind, one.ID, got)
			}
		}
		if got := oneOf(s.seen(), keyuse.KindInstance, "signin", ""); got.Count != 1 {
			t.Errorf("%+v", s.seen())
		}
	})
}

// Whoever calls from everywhere fills no memory: the addresses are bounded, and the
// count is right.
func TestAddressesAreBounded(t *testing.T) {
	run(t, func(r *keyuse.Recorder, s *sink, stop func()) {
		for i := range 1000 {
			r.Note(time.Now(), keyuse.Caller{KeyID: "a", From: fmt.Sprintf("2001:db8::%x", i)}, keyuse.Admitted)
		}
		stop()
		var sum int64
		for _, u := range s.seen() {
			sum += u.Count
		}
		if got := s.seen(); sum != 1000 || len(got) > 40 {
			t.Errorf("%d uses in %d rows", sum, len(got))
		}
	})
}

func TestWhatIsOnItsWayIsKnown(t *testing.T) {
	run(t, func(r *keyuse.Recorder, s *sink, _ func()) {
		at := time.Now().UTC()
		r.Note(time.Now(), keyuse.Caller{KeyID: "a", From: "192.0.2.1"}, keyuse.Admitted)
		r.Add(keyuse.Report{Uses: []keyuse.Use{
			{ID: "a", At: at.Add(time.Second), From: "192.0.2.1", Hour: at.Truncate(time.Hour), Count: 4},
			{ID: "b", At: at, From: "192.0.2.3", Hour: at.Truncate(time.Hour), Count: 2},
		}})
		if u := r.Pending(keyuse.KindKey, "a"); len(u) != 1 || u[0].Count != 5 || !u[0].At.Equal(at.Add(time.Second)) {
			t.Errorf("%+v", u)
		}
		after(2 * time.Second)
		if u := r.Pending(keyuse.KindKey, "a"); u != nil {
			t.Errorf("reported, and still on its way: %+v", u)
		}
		if got := s.seen(); len(got) != 2 {
			t.Errorf("%+v", got)
		}
		r.Add(keyuse.Report{Uses: []keyuse.Use{{ID: "a", At: at, From: "192.0.2.4", Hour: at.Truncate(time.Hour), Count: 1}}})
		after(2 * time.Second)
		if u := r.Pending(keyuse.KindKey, "a"); len(u) != 1 || u[0].Count != 1 {
			t.Errorf("within the interval: %+v", u)
		}
		if r.Pending(keyuse.KindKey, "c") != nil {
			t.Error("a key that nobody used")
		}
	})
}

// Applications with long ids make no report that is too large to be taken: the whole
// would be lost, and with it what others did.
func TestReportsOfLongIDsAreSmall(t *testing.T) {
	run(t, func(r *keyuse.Recorder, s *sink, stop func()) {
		const clients = 400
		for i := range clients {
			r.Note(time.Now(), keyuse.Caller{ClientID: fmt.Sprintf("https://%d.example/?%s", i, strings.Repeat("a&", 1000))}, keyuse.Admitted)
		}
		stop()
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.got) != clients {
			t.Errorf("%d uses were reported", len(s.got))
		}
		for _, size := range s.sizes {
			if size > 256<<10 {
				t.Errorf("a report of %d bytes", size)
			}
		}
	})
}

// What could not be told for a day is forgotten, and takes nothing along that can.
func TestOldUsesAreForgotten(t *testing.T) {
	run(t, func(r *keyuse.Recorder, s *sink, stop func()) {
		s.setAway(true)
		r.Note(time.Now(), keyuse.Caller{KeyID: "a"}, keyuse.Admitted)
		after(30 * time.Second) // it is on its way
		r.Note(time.Now(), keyuse.Caller{KeyID: "b"}, keyuse.Admitted)
		after(25 * time.Hour)
		r.Note(time.Now(), keyuse.Caller{KeyID: "b"}, keyuse.Admitted)
		s.setAway(false)
		stop()
		if got := oneOf(s.seen(), keyuse.KindKey, "b", ""); got.Count != 1 {
			t.Errorf("%+v", s.seen())
		}
	})
}
