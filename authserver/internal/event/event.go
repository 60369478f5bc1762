// Package event records security events: a row in the transaction of what happened,
// and a log line once that has committed. It knows no HTTP and no SQL.
package event

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
)

// Store keeps events. Every method joins the transaction in its context.
type Store interface {
	AfterCommit(ctx context.Context, fn func(ctx context.Context))
	// AddEvent stores e. An empty FamilyID becomes that of the user, in e too.
	AddEvent(ctx context.Context, e *authserver.Event, mark []byte) error
	// AddRefusal stores e, unless the user has most events of its kind since then.
	AddRefusal(ctx context.Context, e *authserver.Event, mark []byte, since time.Time, most int) error
	// ListEvents returns the events that f chooses, newest first.
	ListEvents(ctx context.Context, f authserver.EventFilter) ([]authserver.Event, error)
	// CountEvents counts the events that f chooses, up to most of them.
	CountEvents(ctx context.Context, f authserver.EventFilter, most int) (int, error)
}

// A Follower is told of an event in its transaction. Its error ends that.
type Follower func(ctx context.Context, e *authserver.Event) error

// Recorder records events. Its methods are safe for concurrent use.
type Recorder struct {
	Store     Store
	Chain     Chain // of what proves events
	Keys      *Keys // nil: nothing proves them
	Logger    *slog.Logger
	Now       func() time.Time
	Actor     string                                      // of what no request asked for; "": nobody known
	From      func(ctx context.Context) authserver.Origin // of the request of ctx; nil: there are no requests
	Followers []Follower                                  // in this order
	Passed    func(n int64)                               // is told how many more Verify and Reseal have been through; nil: nobody
	Sealed    func(n int)                                 // is told how many were sealed; nil: nobody
	Counted   func(e *authserver.Event)                   // told of each that is logged; nil: nobody. It waits for nothing
}

// Record stores e in the transaction of ctx, and logs it once that has committed:
// what is rolled back leaves neither. ID, time, outcome, actor and origin are
// filled in where e has none. An error must end the transaction.
func (r *Recorder) Record(ctx context.Context, e authserver.Event) error {
	if err := r.complete(ctx, &e); err != nil {
		return err
	}
	if err := r.Store.AddEvent(ctx, &e, r.mark(&e)); err != nil {
		return err
	}
	for _, follow := range r.Followers {
		if err := follow(ctx, &e); err != nil {
			return err
		}
	}
	r.Store.AfterCommit(ctx, func(ctx context.Context) { r.log(ctx, &e) })
	return nil
}

// What is refused is stored at most so often for each user, and for all that
// belong to none: whoever guesses does not fill the table. The log has all.
const (
	refusalsEvery  = time.Hour
	refusalsOfUser = 30
	refusalsOfNone = 300
)

// patience is how long a refusal may take to be stored. The client may have left.
const patience = 5 * time.Second

// Refused stores and logs that somebody was refused, outside of any transaction. It
// cannot change the answer.
func (r *Recorder) Refused(ctx context.Context, e authserver.Event) {
	e.Outcome = authserver.OutcomeFailure
	err := r.complete(ctx, &e)
	if err == nil {
		lasting, done := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer done()
		most := refusalsOfUser
		if e.UserID == "" {
			most = refusalsOfNone
		}
		err = r.Store.AddRefusal(lasting, &e, r.mark(&e), e.At.Add(-refusalsEvery), most)
	}
	r.log(ctx, &e)
	if err != nil {
		r.Logger.LogAttrs(ctx, slog.LevelError, "a security event was not stored", slog.String("event", e.Kind), slog.Any("error", err))
	}
}

// Note logs e once the transaction of ctx has committed, and stores nothing: what
// happens all the time.
func (r *Recorder) Note(ctx context.Context, e authserver.Event) {
	r.Store.AfterCommit(ctx, func(ctx context.Context) {
		r.attribute(ctx, &e)
		r.log(ctx, &e)
	})
}

// Origin returns where the request of ctx came from, for work that goes on without it.
func (r *Recorder) Origin(ctx context.Context) authserver.Origin {
	if r.From == nil {
		return authserver.Origin{}
	}
	from := r.From(ctx)
	from.UserAgent = authserver.UserAgentText(from.UserAgent)
	return from
}

func (r *Recorder) complete(ctx context.Context, e *authserver.Event) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("event: %w", err)
	}
	e.ID, e.At = id.String(), r.Now().UTC().Truncate(time.Microsecond)
	r.attribute(ctx, e)
	return nil
}

// mark proves that this server wrote e.
func (r *Recorder) mark(e *authserver.Event) []byte {
	if r.Keys == nil {
		return []byte{}
	}
	return r.Keys.make(marked(e))
}

// attribute fills in outcome, origin and actor. Whoever was refused has not proved
// to be the user.
func (r *Recorder) attribute(ctx context.Context, e *authserver.Event) {
	if e.Outcome == "" {
		e.Outcome = authserver.OutcomeSuccess
	}
	if e.Origin == (authserver.Origin{}) {
		e.Origin = r.Origin(ctx)
	}
	switch {
	case e.ActorID != "":
	case actorOf(ctx) != "":
		e.ActorID = actorOf(ctx)
	case e.Outcome != authserver.OutcomeSuccess:
	case e.Address == "" || e.Kind != authserver.EventResetRequested: // which anybody may ask for
		e.ActorID = r.actor(ctx, e.UserID, e.Origin)
	}
}

// ActorOf returns who does to the account of a user what ctx goes along with: Event.ActorID
// of what succeeds.
func (r *Recorder) ActorOf(ctx context.Context, userID string) string {
	return r.actor(ctx, userID, r.Origin(ctx))
}

// MakerOf returns the id of the operator for whom ctx was made by WithActor; "": nobody was
// named, or the command line.
func (r *Recorder) MakerOf(ctx context.Context) string {
	if by := actorOf(ctx); authserver.ValidID(by) {
		return by
	}
	return ""
}

func (r *Recorder) actor(ctx context.Context, userID string, from authserver.Origin) string {
	switch {
	case actorOf(ctx) != "":
		return actorOf(ctx)
	case from.Address == "": // no request
		return r.Actor
	}
	return userID
}

type actorKey struct{}

// WithActor says who does what ctx goes along with, where that is not the user it is done to.
func WithActor(ctx context.Context, actorID string) context.Context {
	return context.WithValue(ctx, actorKey{}, actorID)
}

func actorOf(ctx context.Context) string {
	id, _ := ctx.Value(actorKey{}).(string)
	return id
}

func (r *Recorder) log(ctx context.Context, e *authserver.Event) {
	if r.Counted != nil {
		r.Counted(e)
	}
	attrs := make([]slog.Attr, 0, 10+len(e.Details))
	attrs = append(attrs, slog.String("event", e.Kind), slog.String("outcome", e.Outcome))
	for _, one := range []struct{ name, value string }{
		{"actor_id", e.ActorID},
		{"user_id", e.UserID},
		{"family_id", e.FamilyID},
		{"client_id", e.ClientID},
		{"subject_id", e.SubjectID},
		{"client_addr", e.Address},
		{"request_id", e.RequestID},
	} {
		if one.value != "" {
			attrs = append(attrs, slog.String(one.name, one.value))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		attrs = append(attrs, slog.String(name, e.Details[name]))
	}
	r.Logger.LogAttrs(ctx, slog.LevelInfo, "audit", attrs...)
}
