// Package account is what people do with themselves: sign up, sign in with a
// second factor, sign out, change the password, invite and remove family
// members, leave. Pages and JSON endpoints call the same methods, so that every
// rule holds at both. It knows no HTTP and no SQL.
package account

import (
	"context"
	"log/slog"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/secret"
)

// Modes of sign-up.
const (
	SignupOpen   = "open"
	SignupInvite = "invite"
	SignupClosed = "closed"
)

// Settings are the operator's choices. Every duration must be positive.
type Settings struct {
	Signup         string        // SignupOpen, SignupInvite or SignupClosed
	SigninLifetime time.Duration // absolute life of a sign-in
	SigninIdle     time.Duration // a sign-in not seen for so long is over
	AIAvailable    bool          // whether people may switch AI features on
	HashQueue      int           // password checks that may wait for their turn; 0: 256
	HashCost       HashCost      // of passwords; zero: the default
	InvitationLife time.Duration // of a family invitation; 0: 3 days
	ErasureGrace   time.Duration // how long a deleted account can be restored; 0: not at all
	Erases         bool          // whether a family's data is erased with its last member
	Emails         bool          // people can be written to; somebody runs Recovery.Run
	Name           string        // of the instance, which authenticator apps show; "": Latchkey
	Throttles      Throttles
}

// Dependencies of a Service. Events are recorded always; Grants is needed to sign in on devices and to end
// what was issued. Limiter may be nil: nothing is limited. Keys may be nil:
// there are none. Sealer may be nil: no second factor can be set up. FamilyData may be
// nil: nobody said where the data of families is.
type Dependencies struct {
	Store      Store
	Grants     *grant.Service
	Keys       Keys
	Limiter    Limiter
	Sealer     *Sealer
	FamilyData FamilyData
	Events     *event.Recorder
	Logger     *slog.Logger
	Now        func() time.Time
	Settings   Settings

	Delivered func(kind, result string) // is told how a message of the outbox fared; nil: nobody
}

// Service carries out the use cases. Its methods are safe for concurrent use.
type Service struct {
	deps Dependencies

	hasher  *hasher
	emails  Emails
	exports exports
}

// New returns a Service.
func New(d Dependencies) *Service {
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	if d.Delivered == nil {
		d.Delivered = func(string, string) {}
	}
	return &Service{
		deps: d, hasher: newHasher(d.Settings.HashQueue, d.Settings.HashCost),
		emails: Emails{Store: d.Store, Events: d.Events, Now: d.Now, On: d.Settings.Emails},
	}
}

// SignupMode is SignupOpen, SignupInvite or SignupClosed.
func (s *Service) SignupMode() string { return s.deps.Settings.Signup }

// SigninLifetime is the absolute life of a sign-in.
func (s *Service) SigninLifetime() time.Duration { return s.deps.Settings.SigninLifetime }

// AIAvailable reports whether people may switch AI features on.
func (s *Service) AIAvailable() bool { return s.deps.Settings.AIAvailable }

// CanSeal reports whether there is a key to encrypt secrets with, without which no
// second factor can be set up.
func (s *Service) CanSeal() bool { return s.deps.Sealer != nil }

// Visitor is where a request came from, as far as it can be told.
type Visitor struct {
	Address   string // client address, trusted proxies looked through
	UserAgent string
	Browser   secret.Digest // of the cookie it is known by; zero: no browser
	Language  string        // that the person reads, "en" …; "": not known
}

// record records an event of the user, in the transaction of ctx.
func (s *Service) record(ctx context.Context, kind, userID string) error {
	return s.deps.Events.Record(ctx, authserver.Event{Kind: kind, UserID: userID})
}

// refused records that a sign-in failed.
func (s *Service) refused(ctx context.Context, userID, reason string) {
	s.deps.Events.Refused(ctx, authserver.Event{
		Kind: authserver.EventSigninFailed, UserID: userID, Details: map[string]string{"reason": reason},
	})
}

// now is the time of a use case, in UTC and in the precision of the tables.
func (s *Service) now() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }
