// Package keyuse carries the news that API keys were used from whoever admits
// requests to the authorization server, and from there to its tables: in
// batches, about each key at most once in an interval. A use that is on its way
// when a process is killed is lost; nothing is decided by it.
package keyuse

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"latchkey/pkg/httpserver"
)

// Use sums up what happened with one key since the last report.
type Use struct {
	KeyID string    `json:"id"`
	At    time.Time `json:"used_at"` // the last use
	From  string    `json:"used_from,omitempty"`
	Hour  time.Time `json:"hour"`  // the clock hour of At
	Count int64     `json:"count"` // uses within Hour since the last report
}

// Path is where the authorization server takes reports.
const Path = "/internal/key-uses"

// MaxBatch is how many keys one report may name.
const MaxBatch = 500

// Report is the body of a POST to Path.
type Report struct {
	Uses []Use `json:"uses"`
}

// Sink takes a batch of at most MaxBatch uses.
type Sink func(ctx context.Context, uses []Use) error

// Interval is how often one key is reported at most, unless Options say
// otherwise.
const Interval = time.Minute

const (
	maxKeys     = 100_000
	lastTimeout = 5 * time.Second
)

// Options tune a Recorder.
type Options struct {
	Sink     Sink             // required
	Now      func() time.Time // required
	Logger   *slog.Logger     // required
	Interval time.Duration    // 0: Interval
}

// Recorder gathers uses. Run reports them. A nil *Recorder takes uses and
// forgets them.
type Recorder struct {
	opts Options

	mu      sync.Mutex
	entries map[string]*entry
}

type entry struct {
	use      Use
	reported time.Time // the last report; zero: never
}

// NewRecorder returns a Recorder.
func NewRecorder(opts Options) (*Recorder, error) {
	if opts.Sink == nil || opts.Now == nil || opts.Logger == nil {
		return nil, errors.New("keyuse: Options.Sink, Now and Logger are required")
	}
	if opts.Interval <= 0 {
		opts.Interval = Interval
	}
	return &Recorder{opts: opts, entries: map[string]*entry{}}, nil
}

// Used notes one use of a key now, from a client address. It waits for nothing.
func (r *Recorder) Used(keyID, from string) {
	if r == nil {
		return
	}
	now := r.opts.Now().UTC()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(Use{KeyID: keyID, At: now, From: from, Hour: now.Truncate(time.Hour), Count: 1})
}

// Add notes what others have reported.
func (r *Recorder) Add(uses []Use) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, u := range uses {
		r.note(u)
	}
}

func (r *Recorder) note(u Use) {
	e, ok := r.entries[u.KeyID]
	if !ok {
		if len(r.entries) >= maxKeys {
			return
		}
		e = &entry{}
		r.entries[u.KeyID] = e
	}
	e.add(u)
}

// Pending returns what has been noted of a key and not been reported yet;
// false: nothing.
func (r *Recorder) Pending(keyID string) (Use, bool) {
	if r == nil {
		return Use{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.entries[keyID]
	if !ok || e.use.Count == 0 {
		return Use{}, false
	}
	return e.use, true
}

// add merges u into e: counts of an hour that is over are forgotten.
func (e *entry) add(u Use) {
	if e.use.Count == 0 {
		e.use = u
		return
	}
	switch {
	case u.Hour.After(e.use.Hour):
	case u.Hour.Equal(e.use.Hour):
		u.Count += e.use.Count
	default:
		return
	}
	if e.use.At.After(u.At) {
		u.At, u.From = e.use.At, e.use.From
	}
	e.use = u
}

// Run reports until ctx ends, and then once more whatever is left.
func (r *Recorder) Run(ctx context.Context) {
	if r == nil {
		<-ctx.Done()
		return
	}
	beat := min(time.Second, max(r.opts.Interval/2, 10*time.Millisecond))
	tick := time.NewTicker(beat)
	defer tick.Stop()
	var pause time.Time
	for {
		select {
		case <-ctx.Done():
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTimeout)
			defer cancel()
			_ = r.report(late, time.Time{}) // it has been logged
			return
		case <-tick.C:
		}
		now := r.opts.Now()
		if now.Before(pause) {
			continue
		}
		if r.report(ctx, now) != nil {
			pause = now.Add(min(5*r.opts.Interval, lastTimeout))
		}
	}
}

// report sends what is due at now; the zero time: everything.
func (r *Recorder) report(ctx context.Context, now time.Time) error {
	for {
		batch := r.take(now)
		if len(batch) == 0 {
			return nil
		}
		ctx := httpserver.Begin(ctx)
		if err := r.opts.Sink(ctx, batch); err != nil {
			r.giveBack(batch)
			r.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "uses of API keys could not be reported",
				slog.Int("keys", len(batch)), slog.Any("error", err))
			return err
		}
	}
}

func (r *Recorder) take(now time.Time) []Use {
	r.mu.Lock()
	defer r.mu.Unlock()
	var batch []Use
	for id, e := range r.entries {
		rested := now.IsZero() || now.Sub(e.reported) >= r.opts.Interval
		switch {
		case e.use.Count == 0 && rested:
			delete(r.entries, id)
		case e.use.Count > 0 && rested && len(batch) < MaxBatch:
			batch = append(batch, e.use)
			e.use, e.reported = Use{}, now
		}
	}
	return batch
}

func (r *Recorder) giveBack(batch []Use) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, u := range batch {
		e, ok := r.entries[u.KeyID]
		if !ok {
			e = &entry{}
			r.entries[u.KeyID] = e
		}
		e.reported = time.Time{}
		newer := e.use
		if e.use.Count == 0 {
			e.add(u)
			continue
		}
		e.use = u
		e.add(newer)
	}
}
