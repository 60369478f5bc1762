package keyuse

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"latchkey/pkg/httpserver"
)

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
		report := r.next(now)
		if report == nil {
			return nil
		}
		ctx := httpserver.Begin(ctx)
		err := r.opts.Sink(ctx, *report)
		if err != nil {
			r.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "uses of API keys could not be reported",
				slog.Int("uses", len(report.Uses)), slog.Bool("lost", errors.Is(err, ErrRefused)), slog.Any("error", err))
		}
		if err != nil && !errors.Is(err, ErrRefused) {
			return err
		}
		r.mu.Lock()
		r.unsent = nil
		r.mu.Unlock()
	}
}

// maxSize is about how large a report is, in bytes, so that its receiver reads all of it:
// ids of applications may be long.
const maxSize = 128 << 10

// size is about how much room e takes in a report, or less: JSON writes six bytes for one
// that browsers would take for markup.
func (e *entry) size(id string) int {
	const rest = 256 // of a use beside its id
	return len(e.uses) * (len(id) + 5*strings.Count(id, "&") + rest)
}

// next is the report that was not answered, or a new one of what is due; nil: there is
// nothing to report.
func (r *Recorder) next(now time.Time) *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.unsent != nil {
		return r.unsent
	}
	var uses []Use
	size, oldest := 0, r.opts.Now().Add(-MaxAge)
	for s, e := range r.entries {
		e.uses = slices.DeleteFunc(e.uses, func(u Use) bool { return u.At.Before(oldest) })
		rest := r.opts.Others
		if s.kind == KindKey {
			rest = r.opts.Interval
		}
		rested := now.IsZero() || now.Sub(e.reported) >= rest
		switch {
		case len(e.uses) == 0 && rested:
			delete(r.entries, s)
			r.held[s.kind]--
		case len(e.uses) > 0 && rested && len(uses)+len(e.uses) <= MaxBatch && (size == 0 || size+e.size(s.id) <= maxSize):
			size += e.size(s.id)
			uses = append(uses, e.uses...)
			e.uses, e.reported = nil, now
		}
	}
	if len(uses) > 0 {
		r.unsent = &Report{ID: rand.Text(), Uses: uses}
	}
	return r.unsent
}
