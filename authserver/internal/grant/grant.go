// Package grant holds the rules of grants: how one is made, redeemed, refreshed,
// looked up and ended. It knows no HTTP, no SQL and no fosite.
//
// A grant is one authorization of one client by one user. It is one row all its
// life, and every move is one conditional write of that row: the count of rows
// written decides between callers, and a second statement only explains.
package grant

import (
	"context"
	"log/slog"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/pkg/secret"
)

// Settings are life times and limits.
type Settings struct {
	CodeLifetime    time.Duration
	AccessLifetime  time.Duration
	RefreshLifetime time.Duration
	Lifetime        time.Duration // absolute, from the first tokens; 0: none
	RetryWindow     time.Duration // how long an unused pair may be asked for again; 0: not at all, and no overlap
	MaxLive         int           // live grants of one user and client; 0: no limit
	MaxCodes        int           // codes in flight of one user and client; 0: no limit
	// Of one user and client, in each replica; 0: no limit.
	CodesPerMinute     int
	RefreshesPerMinute int
}

// Publisher tells resource servers that access tokens have ended.
type Publisher interface {
	Publish(ctx context.Context, digests []secret.Digest)
}

// Metrics counts what happens here.
type Metrics interface {
	TokensIssued(origin string)
	RefreshReused()
	RefreshRepeated(why string) // RepeatRetry or RepeatOverlap
}

// Why a spent refresh token was answered with the pair it was spent for.
const (
	RepeatRetry   = "retry"   // nobody has used the pair yet
	RepeatOverlap = "overlap" // the client's processes share their tokens
)

// Dependencies of a Service. Publisher and Metrics may be nil.
type Dependencies struct {
	Store     Store
	Publisher Publisher
	Metrics   Metrics
	Events    *event.Recorder
	Logger    *slog.Logger
	Now       func() time.Time
	Settings  Settings
}

// Service applies the rules. Its methods are safe for concurrent use, and join
// the transaction in their context.
type Service struct {
	store     Store
	publisher Publisher
	metrics   Metrics
	events    *event.Recorder
	log       *slog.Logger
	now       func() time.Time
	settings  Settings
	uses      uses
	codes     limiter
	refreshes limiter
}

// New returns a Service.
func New(d Dependencies) *Service {
	if d.Publisher == nil {
		d.Publisher = noPublisher{}
	}
	if d.Metrics == nil {
		d.Metrics = noMetrics{}
	}
	return &Service{
		store: d.Store, publisher: d.Publisher, metrics: d.Metrics, events: d.Events, log: d.Logger, now: d.Now, settings: d.Settings,
		codes: limiter{perMinute: d.Settings.CodesPerMinute}, refreshes: limiter{perMinute: d.Settings.RefreshesPerMinute},
	}
}

// newPair makes the tokens of a grant and the record of them. Both end with the
// grant (nil: it has no end).
func (s *Service) newPair(refresh secret.Handle, now time.Time, endsAt *time.Time) (Pair, authserver.Tokens) {
	access := refresh.Access()
	tokens := authserver.Tokens{
		AccessToken: access.New(secret.AccessToken), RefreshToken: refresh.New(secret.RefreshToken),
		IssuedAt: now, AccessExpiresAt: earlier(now.Add(s.settings.AccessLifetime), endsAt),
	}
	tokens.RefreshExpiresAt, tokens.EndsAt = earlier(now.Add(s.settings.RefreshLifetime), endsAt), endsAt
	return Pair{
		Handle: access.Digest(),
		Access: tokens.AccessToken.Digest(), AccessExpiresAt: tokens.AccessExpiresAt,
		Refresh: tokens.RefreshToken.Digest(), RefreshExpiresAt: tokens.RefreshExpiresAt,
		IssuedAt: now,
	}, tokens
}

func earlier(t time.Time, end *time.Time) time.Time {
	if end != nil && end.Before(t) {
		return *end
	}
	return t
}

// end is the absolute end of a grant that gets its first tokens at now, or nil.
func (s *Service) end(now time.Time) *time.Time {
	if s.settings.Lifetime <= 0 {
		return nil
	}
	end := now.Add(s.settings.Lifetime)
	return &end
}

type noPublisher struct{}

func (noPublisher) Publish(context.Context, []secret.Digest) {}

type noMetrics struct{}

func (noMetrics) TokensIssued(string)    {}
func (noMetrics) RefreshReused()         {}
func (noMetrics) RefreshRepeated(string) {}
