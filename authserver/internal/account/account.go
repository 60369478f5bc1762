// Package account is what people do with themselves: sign up, sign in with a
// second factor, sign out, change the password, invite and remove family
// members, leave. Pages and JSON endpoints call the same methods, so that no
// rule holds at one door only. It knows no HTTP and no SQL.
package account

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"latchkey/authserver"
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
	Throttles      Throttles
}

// Store is what the use cases need of the database. Every method joins the
// transaction in its context.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	// AfterCommit runs fn once the transaction in ctx is committed; without
	// one, at once.
	AfterCommit(ctx context.Context, fn func(ctx context.Context))

	CreateFamily(ctx context.Context, f authserver.Family) error
	CreateUser(ctx context.Context, u *authserver.User) error
	ClaimOperator(ctx context.Context, userID string, now time.Time) (bool, error)
	FindUser(ctx context.Context, id string) (*authserver.User, error)
	FindUserByEmail(ctx context.Context, email string) (*authserver.User, error)
	SetPasswordHash(ctx context.Context, userID, hash string) error

	CreateSignin(ctx context.Context, s *authserver.Signin) error
	FindSignin(ctx context.Context, cookie secret.Digest, now time.Time, idle time.Duration) (*authserver.Signin, error)
	StampSignin(ctx context.Context, cookie secret.Digest, now time.Time) error
	EndSignin(ctx context.Context, cookie secret.Digest, now time.Time) error
}

// Throttle counts attempts. pkg/ratelimit answers it through an adaptor.
type Throttle interface {
	// Take counts one attempt under key unless max are already counted within
	// window. It returns how long to wait before the next; 0: counted, go on.
	Take(ctx context.Context, key string, max int, window time.Duration) (time.Duration, error)
	// Wait is Take without counting.
	Wait(ctx context.Context, key string, max int, window time.Duration) (time.Duration, error)
}

// Dependencies of a Service. Throttle may be nil: nothing is limited.
type Dependencies struct {
	Store    Store
	Throttle Throttle
	Logger   *slog.Logger
	Now      func() time.Time
	Settings Settings
}

// Service carries out the use cases. Its methods are safe for concurrent use.
type Service struct {
	Dependencies
	hasher *hasher
}

// New returns a Service.
func New(d Dependencies) *Service {
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	return &Service{Dependencies: d, hasher: newHasher(d.Settings.HashQueue)}
}

// Visitor is where a request came from, as far as it can be told.
type Visitor struct {
	Address   string // client address, trusted proxies looked through
	UserAgent string
}

const maxUserAgent = 400

// userAgent is what is stored: short, and text whatever the client sent.
func (v Visitor) userAgent() string {
	return strings.ToValidUTF8(v.UserAgent[:min(len(v.UserAgent), maxUserAgent)], "")
}

// audit writes an event of the audit log: ids only, never an address of a
// person and never a secret.
func (s *Service) audit(ctx context.Context, event string, attrs ...slog.Attr) {
	s.Logger.LogAttrs(ctx, slog.LevelInfo, "audit", append([]slog.Attr{slog.String("event", event)}, attrs...)...)
}

// now is the time of a use case, in UTC and in the precision of the tables.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }
