package keyuse_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/pkg/keyuse"
)

type sink struct {
	mu   sync.Mutex
	got  []keyuse.Use
	away bool
}

func (s *sink) take(_ context.Context, uses []keyuse.Use) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errors.New("away")
	}
	s.got = append(s.got, uses...)
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
		r.Used("a", "192.0.2.1")
		after(2 * time.Second)
		if got := s.seen(); len(got) != 1 || got[0].Count != 1 || got[0].From != "192.0.2.1" {
			t.Fatalf("the first use is reported soon: %v", got)
		}
		for range 20 {
			r.Used("a", "192.0.2.2")
			after(2 * time.Second)
		}
		if got := s.seen(); len(got) != 1 {
			t.Fatalf("within a minute: %v", got)
		}
		r.Used("b", "192.0.2.3")
		after(25 * time.Second)
		got := s.seen()
		if len(got) != 3 {
			t.Fatalf("after a minute: %v", got)
		}
		if last := got[2]; last.KeyID != "a" || last.Count != 20 || last.From != "192.0.2.2" {
			t.Errorf("the rest: %+v", last)
		}
	})
}

func TestNothingIsLostWhileTheReceiverIsAway(t *testing.T) {
	run(t, func(r *keyuse.Recorder, s *sink, stop func()) {
		s.setAway(true)
		for range 5 {
			r.Used("a", "192.0.2.1")
			after(10 * time.Second)
		}
		s.setAway(false)
		r.Used("a", "192.0.2.9")
		stop()
		got := s.seen()
		if len(got) != 1 || got[0].Count != 6 || got[0].From != "192.0.2.9" {
			t.Errorf("%+v", got)
		}
	})
}

func TestAnHourThatIsOverIsNotCounted(t *testing.T) {
	run(t, func(r *keyuse.Recorder, s *sink, stop func()) {
		s.setAway(true)
		r.Used("a", "192.0.2.1")
		after(time.Hour)
		r.Used("a", "192.0.2.1")
		s.setAway(false)
		stop()
		if got := s.seen(); len(got) != 1 || got[0].Count != 1 {
			t.Errorf("%+v", got)
		}
	})
}

func TestWhatIsOnItsWayIsKnown(t *testing.T) {
	run(t, func(r *keyuse.Recorder, s *sink, _ func()) {
		at := time.Now().UTC()
		r.Used("a", "192.0.2.1")
		r.Add([]keyuse.Use{
			{KeyID: "a", At: at.Add(time.Second), From: "192.0.2.2", Hour: at.Truncate(time.Hour), Count: 4},
			{KeyID: "b", At: at, From: "192.0.2.3", Hour: at.Truncate(time.Hour), Count: 2},
		})
		if u, known := r.Pending("a"); !known || u.Count != 5 || u.From != "192.0.2.2" {
			t.Errorf("%v %+v", known, u)
		}
		after(2 * time.Second)
		if u, known := r.Pending("a"); known {
			t.Errorf("reported, and still on its way: %+v", u)
		}
		if got := s.seen(); len(got) != 2 {
			t.Errorf("%+v", got)
		}
		r.Add([]keyuse.Use{{KeyID: "a", At: at, From: "192.0.2.4", Hour: at.Truncate(time.Hour), Count: 1}})
		after(2 * time.Second)
		if u, known := r.Pending("a"); !known || u.Count != 1 {
			t.Errorf("within the interval: %v %+v", known, u)
		}
		if _, known := r.Pending("c"); known {
			t.Error("a key that nobody used")
		}
	})
}
