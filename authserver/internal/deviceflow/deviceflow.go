// Package deviceflow lets devices without a browser ask for access (RFC 8628): the
// person types a short code at another one. What is approved becomes a grant whose
// code is the device code, so that everything which ends codes ends it too.
package deviceflow

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"math/big"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Life is how long a device waits, and Interval how often it may ask.
const (
	Life     = 10 * time.Minute
	Interval = 5 // seconds

	// Most is how many devices wait at once.
	Most = 20_000

	slower = 5 // seconds
)

// Why a device gets no tokens yet, or never (RFC 8628 section 3.5).
var (
	ErrPending  = errors.New("deviceflow: the person has not decided")
	ErrSlowDown = errors.New("deviceflow: the device asks too often")
	ErrDenied   = errors.New("deviceflow: the person refused")
	ErrExpired  = errors.New("deviceflow: the codes have expired, or are unknown")
)

// Store keeps devices that wait.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	CreateDeviceRequest(ctx context.Context, r authserver.DeviceRequest, most int) (bool, error)
	FindDeviceRequest(ctx context.Context, userCode secret.Digest, now time.Time) (*authserver.DeviceRequest, error)
	PollDeviceRequest(ctx context.Context, digest secret.Digest, clientID string) (*authserver.DeviceRequest, error)
	DecideDeviceRequest(ctx context.Context, digest secret.Digest, decided string, now time.Time) (bool, error)
	AdmitPoll(ctx context.Context, digest secret.Digest, now, next time.Time, slower int) (bool, error)
}

// Service is the flow.
type Service struct {
	Store  Store
	Grants *grant.Service
	Logger *slog.Logger
	Now    func() time.Time
}

// Codes are what a device gets.
type Codes struct {
	Device secret.Token
	User   string // as it is shown: ABCD-EFGH
}

// Begin lets a device wait. fault.Unavailable: too many do.
func (s *Service) Begin(ctx context.Context, clientID string, scopes scope.Set, resource, address string) (Codes, error) {
	user, err := newUserCode()
	if err != nil {
		return Codes{}, err
	}
	codes, now := Codes{Device: secret.New(secret.DeviceCode), User: user}, s.Now()
	stored, err := s.Store.CreateDeviceRequest(ctx, authserver.DeviceRequest{
		Digest: codes.Device.Digest(), UserCode: digestOf(user), ClientID: clientID, Scopes: scopes, Resource: resource, Address: address,
		CreatedAt: now, ExpiresAt: now.Add(Life), Interval: Interval,
	}, Most)
	if err == nil && !stored {
		err = fault.New(fault.Unavailable, "Too many devices are waiting").WithRetryAfter(time.Minute)
	}
	return codes, err
}

// consonants without those that look or sound alike: 20 of them, eight times, are 34
// bits (RFC 8628 section 6.1).
const consonants = "BCDFGHJKLMNPQRSTVWXZ"

func newUserCode() (string, error) {
	var code strings.Builder
	for i := range 8 {
		if i == 4 {
			code.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(consonants))))
		if err != nil {
			return "", err
		}
		code.WriteByte(consonants[n.Int64()])
	}
	return code.String(), nil
}

// digestOf reads a code as people type it: in either case, with any dashes and blanks.
func digestOf(userCode string) secret.Digest {
	return secret.DigestOf("user code " + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		if r < 'A' || r > 'Z' {
			return -1
		}
		return r
	}, userCode))
}

// Find returns what waits with the code that a person typed. fault.NotFound: nothing
// does.
func (s *Service) Find(ctx context.Context, userCode string) (*authserver.DeviceRequest, error) {
	return s.Store.FindDeviceRequest(ctx, digestOf(userCode), s.Now())
}

// Decide writes what the person said to the device, once. fault.NotFound: it is too
// late for that. grant.ErrNoParent: the person or the client is gone.
func (s *Service) Decide(ctx context.Context, in *authserver.Signin, r *authserver.DeviceRequest, c *authserver.Client, allow bool) error {
	decided := authserver.DeviceDenied
	if allow {
		decided = authserver.DeviceAllowed
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		first, err := s.Store.DecideDeviceRequest(ctx, r.Digest, decided, s.Now())
		if err == nil && !first {
			err = fault.New(fault.NotFound, "This code has expired or was used before.")
		}
		if err != nil || !allow {
			return err
		}
		_, err = s.Grants.Approve(ctx, grant.Approval{
			Signin: in, ClientID: c.ID, Scopes: r.Scopes, Resource: r.Resource, Terms: c.Terms(), Consented: true,
			Device: r.Digest, Until: r.ExpiresAt,
		})
		return err
	})
}

// Poll gives the tokens of a device code that was allowed. Errors: ErrPending,
// ErrSlowDown, ErrDenied, ErrExpired, *grant.Refusal, grant.ErrTarget.
func (s *Service) Poll(ctx context.Context, clientID, code, resource string) (*authserver.Tokens, error) {
	given, err := secret.Parse(secret.DeviceCode, code)
	if err != nil {
		return nil, ErrExpired
	}
	r, err := s.Store.PollDeviceRequest(ctx, given.Digest(), clientID)
	if fault.Is(err, fault.NotFound) {
		return nil, ErrExpired
	}
	if err != nil {
		return nil, err
	}
	now := s.Now()
	switch {
	case r.Decided == authserver.DeviceDenied:
		return nil, ErrDenied
	case !now.Before(r.ExpiresAt):
		return nil, ErrExpired
	case r.Decided == authserver.DeviceAllowed:
		return s.Grants.RedeemDevice(ctx, given, clientID, resource)
	}
	admitted, err := s.Store.AdmitPoll(ctx, r.Digest, now, now.Add(time.Duration(r.Interval)*time.Second), slower)
	switch {
	case err != nil:
		return nil, err
	case !admitted:
		return nil, ErrSlowDown
	}
	return nil, ErrPending
}
