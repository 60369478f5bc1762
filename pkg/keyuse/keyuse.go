// Package keyuse carries the news that API keys and applications were used from
// whoever admits requests to the authorization server, and from there to its
// tables: in batches, about each of them at most once in an interval. A use that is
// on its way when a process is killed is lost; nothing is decided by it.
package keyuse

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"
)

// Kinds of what is counted: Use.Kind.
const (
	KindKey    = ""       // an API key, by its id
	KindClient = "client" // an application, by its client id: all its access tokens
	KindGrant  = "grant"  // one authorization of an application, by its id; by day

	// KindInstance is what the authorization server counts of itself, by name. It is in no
	// report.
	KindInstance = "instance"

	// KindLatency is how long the authorization server took to answer, by the number of a
	// bucket of times. It is in no report.
	KindLatency = "latency"
)

// Use sums up what happened with one key, or with one application, since the last
// report.
type Use struct {
	Kind      string    `json:"kind,omitempty"`
	ID        string    `json:"id"`
	At        time.Time `json:"used_at"` // the last use
	From      string    `json:"used_from,omitempty"`
	Hour      time.Time `json:"hour"`                // the clock hour of At, in UTC; of a grant the day
	Count     int64     `json:"count"`               // requests within Hour since the last report, those over a limit apart
	Limited   int64     `json:"limited,omitempty"`   // beside Count: refused because they were over the limit
	Forbidden int64     `json:"forbidden,omitempty"` // of Count: refused because scope or role did not reach
}

// add merges u, which is of the same hour and address.
func (u *Use) add(more *Use) {
	u.Count, u.Limited, u.Forbidden = u.Count+more.Count, u.Limited+more.Limited, u.Forbidden+more.Forbidden
	if more.At.After(u.At) {
		u.At = more.At
	}
}

// Span returns the beginning of what a Use at a time is counted in.
func Span(kind string, at time.Time) time.Time {
	if kind == KindGrant {
		return at.UTC().Truncate(24 * time.Hour)
	}
	return at.UTC().Truncate(time.Hour)
}

// MaxAge is how long ago a use may be that is reported: older ones are forgotten, and
// refused.
const MaxAge = 24 * time.Hour

// Path is where the authorization server takes reports.
const Path = "/internal/key-uses"

// MaxBatch is how many uses one report may name.
const MaxBatch = 500

// Report is the body of a POST to Path. One whose answer was lost is sent again with
// its ID, so that it is counted once.
type Report struct {
	ID   string `json:"id,omitempty"`
	Uses []Use  `json:"uses"`
}

// Sink takes a report of at most MaxBatch uses. ErrRefused: it will never take it.
type Sink func(ctx context.Context, r Report) error

// ErrRefused is answered to a report that cannot be right.
var ErrRefused = errors.New("keyuse: the report was refused")

// interval is how often one key is reported at most, unless Options say
// otherwise.
const interval = time.Minute

const (
	maxSubjects = 100_000 // of each kind
	maxPlaces   = 32      // addresses of one key between two reports; the others count as from nowhere
	maxUses     = 2 * maxPlaces
	maxReports  = 4096 // ids that are remembered
	lastTimeout = 5 * time.Second
)

// Options tune a Recorder.
type Options struct {
	Sink     Sink             // required
	Now      func() time.Time // required
	Logger   *slog.Logger     // required
	Interval time.Duration    // between two reports about one key; 0: Interval
	Others   time.Duration    // the same about whatever is no key; 0: as Interval
}

// Recorder gathers uses. Run reports them. A nil *Recorder takes uses and
// forgets them.
type Recorder struct {
	opts Options

	mu      sync.Mutex
	entries map[subject]*entry
	held    map[string]int // entries by kind
	unsent  *Report        // on its way, or to be sent again
	seen    map[string]bool
	order   []string // of seen, oldest first
}

type subject struct{ kind, id string }

type entry struct {
	uses     []Use     // by hour and address
	reported time.Time // the last report; zero: never
}

// NewRecorder returns a Recorder.
func NewRecorder(opts Options) (*Recorder, error) {
	if opts.Sink == nil || opts.Now == nil || opts.Logger == nil {
		return nil, errors.New("keyuse: Options.Sink, Now and Logger are required")
	}
	if opts.Interval <= 0 {
		opts.Interval = interval
	}
	if opts.Others <= 0 {
		opts.Others = opts.Interval
	}
	return &Recorder{opts: opts, entries: map[subject]*entry{}, held: map[string]int{}, seen: map[string]bool{}}, nil
}

// Caller is whose request it was: of an API key from an address, or of an
// application by a grant.
type Caller struct {
	KeyID, From       string
	ClientID, GrantID string
}

// Outcome is what became of a request.
type Outcome int

// Outcomes. A request that is admitted may be found to be forbidden later: that is
// noted beside it.
const (
	Admitted Outcome = iota
	Limited
	Forbidden
)

// Note notes one request that came at a time. It waits for nothing.
func (r *Recorder) Note(at time.Time, c Caller, o Outcome) {
	if r == nil {
		return
	}
	u := Use{ID: c.KeyID, At: at.UTC(), From: c.From}
	switch o {
	case Admitted:
		u.Count = 1
	case Limited:
		u.Limited = 1
	case Forbidden:
		u.Forbidden = 1
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if u.ID != "" {
		u.Hour = Span(KindKey, u.At)
		r.note(&u)
		return
	}
	u.From = ""
	for _, s := range [...]subject{{KindClient, c.ClientID}, {KindGrant, c.GrantID}} {
		if s.id != "" {
			u.Kind, u.ID, u.Hour = s.kind, s.id, Span(s.kind, u.At)
			r.note(&u)
		}
	}
}

// Happened notes that something of a name happened on the instance now.
func (r *Recorder) Happened(name string) { r.once(KindInstance, name) }

// Took notes that a request of now took a time of a bucket.
func (r *Recorder) Took(bucket int) { r.once(KindLatency, strconv.Itoa(bucket)) }

func (r *Recorder) once(kind, id string) {
	if r == nil {
		return
	}
	at := r.opts.Now().UTC()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(&Use{Kind: kind, ID: id, At: at, Hour: Span(kind, at), Count: 1})
}

// Add notes what others have reported, unless the report has been here before.
func (r *Recorder) Add(report Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if report.ID != "" {
		if r.seen[report.ID] {
			return
		}
		if len(r.order) == maxReports {
			delete(r.seen, r.order[0])
			r.order = r.order[1:]
		}
		r.seen[report.ID], r.order = true, append(r.order, report.ID)
	}
	for i := range report.Uses {
		r.note(&report.Uses[i])
	}
}

func (r *Recorder) note(u *Use) {
	s := subject{u.Kind, u.ID}
	e, ok := r.entries[s]
	if !ok {
		if r.held[s.kind] >= maxSubjects {
			return
		}
		e = &entry{}
		r.entries[s] = e
		r.held[s.kind]++
	}
	e.add(*u)
}

func (e *entry) add(u Use) {
	if len(e.uses) >= maxPlaces && !e.has(&u) {
		u.From = ""
	}
	for i := range e.uses {
		if e.uses[i].From == u.From && e.uses[i].Hour.Equal(u.Hour) {
			e.uses[i].add(&u)
			return
		}
	}
	if len(e.uses) < maxUses {
		e.uses = append(e.uses, u)
	}
}

func (e *entry) has(u *Use) bool {
	for i := range e.uses {
		if e.uses[i].From == u.From && e.uses[i].Hour.Equal(u.Hour) {
			return true
		}
	}
	return false
}

// Pending returns what has been noted of something and has not arrived where it is
// reported to.
func (r *Recorder) Pending(kind, id string) []Use {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []Use
	if e, ok := r.entries[subject{kind, id}]; ok {
		list = append(list, e.uses...)
	}
	if r.unsent != nil {
		for _, u := range r.unsent.Uses {
			if u.Kind == kind && u.ID == id {
				list = append(list, u)
			}
		}
	}
	return list
}
