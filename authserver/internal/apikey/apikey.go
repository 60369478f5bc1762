// Package apikey is what people do with API keys: make one, look at them,
// rotate one without an outage, revoke one. Pages, JSON endpoints and the
// command line call the same methods. It knows no HTTP and no SQL.
package apikey

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/pkg/fault"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/secret"
)

// Store is what the use cases need of the database. Every method joins the
// transaction in its context.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	AfterCommit(ctx context.Context, fn func(ctx context.Context))
	CreateAPIKey(ctx context.Context, k *authserver.APIKey, digest secret.Digest) error
	FindAPIKey(ctx context.Context, userID, id string) (*authserver.APIKey, error)
	ListAPIKeys(ctx context.Context, f authserver.KeyFilter) ([]*authserver.APIKey, error)
	RotateAPIKey(ctx context.Context, r authserver.KeyRotation) (secret.Digest, error)
	RevokeAPIKey(ctx context.Context, userID, id, reason string, now time.Time) (*authserver.EndedKey, error)
	RevokeKeysOf(ctx context.Context, userID, reason string, now time.Time) ([]authserver.EndedKey, error)
	SetAPIKeyTier(ctx context.Context, id, was, tier string) (secret.Digest, error)
	StampUses(ctx context.Context, uses []keyuse.Use) error
}

// Publisher makes what happens to keys known to resource servers.
type Publisher interface {
	Publish(ctx context.Context, digests []secret.Digest)
}

// Usage tells how a key stands, where requests are counted in a store that all
// services share.
type Usage interface {
	Peek(ctx context.Context, counts ...ratelimit.Count) ([]ratelimit.Result, error)
}

// Service carries out the use cases. Its methods are safe for concurrent use.
type Service struct {
	Store     Store
	Publisher Publisher
	Usage     Usage            // nil: requests are counted where we cannot see them, and reported
	Uses      *keyuse.Recorder // of what is reported, until it is stored; nil: it is stored at once
	Tiers     ratelimit.Tiers
	Events    *event.Recorder
	Now       func() time.Time
}

// View is a key as its owner sees it.
type View struct {
	*authserver.APIKey
	RequestsThisHour int64
	Limit            ratelimit.Limit
	LimitState       *ratelimit.Result // nil: not known to us
}

var errMissing = fault.New(fault.NotFound, "API key not found")

// now is the time of a use case, in UTC and in the precision of the tables.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Create makes a key of the user and returns it with its secret, which is shown
// this once. fault.Invalid lists every broken rule; a second active key of one
// source is one, and its message says which key to rotate or revoke.
func (s *Service) Create(ctx context.Context, userID string, r authserver.KeyRequest) (*View, secret.Token, error) {
	now := s.now()
	k, broken := r.Check(now)
	if len(broken) > 0 {
		return nil, secret.Token{}, invalid(broken)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, secret.Token{}, fmt.Errorf("apikey: %w", err)
	}
	made := secret.New(secret.APIKey)
	k.ID, k.UserID, k.Stub, k.MadeBy = id.String(), userID, made.String(), s.Events.ActorOf(ctx, userID)
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.CreateAPIKey(ctx, k, made.Digest()); err != nil {
			return err
		}
		return s.record(ctx, authserver.EventKeyCreated, k.ID, userID, map[string]string{"source": k.Source, "scope": k.Scopes.String()})
	})
	if fault.Is(err, fault.Conflict) {
		return nil, secret.Token{}, s.conflict(ctx, k, err)
	}
	if fault.Is(err, fault.NotFound) { // the user, since the request was authenticated
		return nil, secret.Token{}, fault.Wrap(fault.Unauthenticated, err, "Account has been deactivated")
	}
	if err != nil {
		return nil, secret.Token{}, err
	}
	return s.view(ctx, k, now), made, nil
}

// conflict says which active key is in the way of k.
func (s *Service) conflict(ctx context.Context, k *authserver.APIKey, cause error) error {
	keys, err := s.Store.ListAPIKeys(ctx, authserver.KeyFilter{UserID: k.UserID, LiveAt: k.CreatedAt})
	if err != nil {
		return err
	}
	var broken authserver.Violations
	details := map[string]any{}
	for _, other := range keys {
		if other.Superseded() {
			continue
		}
		if other.Source == k.Source {
			broken = append(broken, authserver.Violation{
				Field: "source", Rule: "source.taken",
				Message: fmt.Sprintf("Source %s already has an active API key: %q (%s). Rotate or revoke it first", k.Source, other.Name, other.Stub),
			})
			details["existing_key"] = map[string]string{"id": other.ID, "name": other.Name, "source": other.Source, "key_hint": other.Stub}
		}
		if other.Name == k.Name {
			broken = append(broken, authserver.Violation{Field: "name", Rule: "name.taken", Message: "Name has already been taken"})
		}
	}
	if len(broken) == 0 { // it has ended since
		return fault.Wrap(fault.Conflict, cause, "Your API keys changed at the same moment. Try again.")
	}
	f := fault.New(fault.Invalid, broken[0].Message).WithErrors(broken.Messages()...).WithCause(broken)
	if len(details) > 0 {
		f = f.WithDetails(details)
	}
	return f
}

// invalid turns violations into an error; they are its cause too, for pages
// that show them by field.
func invalid(v authserver.Violations) error {
	return fault.New(fault.Invalid, v[0].Message).WithErrors(v.Messages()...).WithCause(v)
}

// List returns the user's keys that open something, newest first.
func (s *Service) List(ctx context.Context, userID string) ([]*View, error) {
	now := s.now()
	keys, err := s.Store.ListAPIKeys(ctx, authserver.KeyFilter{UserID: userID, LiveAt: now})
	if err != nil {
		return nil, err
	}
	return s.views(ctx, now, keys...), nil
}

// Names are those of all keys of the user by their ids, as long as the server keeps them:
// of those that are over too.
func (s *Service) Names(ctx context.Context, userID string) (map[string]string, error) {
	keys, err := s.Store.ListAPIKeys(ctx, authserver.KeyFilter{UserID: userID})
	names := make(map[string]string, len(keys))
	for _, k := range keys {
		names[k.ID] = k.Name
	}
	return names, err
}

// Get returns a key of the user that opens something. fault.NotFound: there is
// none; a revoked key and another user's look alike (docs/contract.md, "API key
// record").
func (s *Service) Get(ctx context.Context, userID, id string) (*View, error) {
	k, err := s.find(ctx, userID, id)
	if err != nil {
		return nil, err
	}
	now := s.now()
	if !k.Live(now) {
		return nil, errMissing
	}
	return s.view(ctx, k, now), nil
}

func (s *Service) find(ctx context.Context, userID, id string) (*authserver.APIKey, error) {
	if !authserver.ValidID(id) {
		return nil, errMissing
	}
	k, err := s.Store.FindAPIKey(ctx, userID, strings.ToLower(id)) // as it is stored: SQLite compares letters
	if fault.Is(err, fault.NotFound) {
		return nil, errMissing
	}
	return k, err
}

// view completes k with what is known where requests are counted.
func (s *Service) view(ctx context.Context, k *authserver.APIKey, now time.Time) *View {
	return s.views(ctx, now, k)[0]
}

// views are those of keys, in one trip to where requests are counted.
func (s *Service) views(ctx context.Context, now time.Time, keys ...*authserver.APIKey) []*View {
	views, counts := make([]*View, len(keys)), make([]ratelimit.Count, len(keys))
	for i, k := range keys {
		limit := s.Tiers.Limit(k.Tier)
		for _, use := range s.Uses.Pending(keyuse.KindKey, k.ID) {
			if use.Count > 0 {
				k.Used(use.At, use.From)
				k.AddRequests(use.Hour, use.Count)
			}
		}
		views[i] = &View{APIKey: k, Limit: limit, RequestsThisHour: k.RequestsThisHour(now)}
		counts[i] = ratelimit.Count{Key: ratelimit.ForKeys(k.UserID, k.Source), Limit: limit}
	}
	if s.Usage == nil || len(keys) == 0 {
		return views
	}
	counted, err := s.Usage.Peek(ctx, counts...)
	if err != nil {
		return views // what has been reported must do
	}
	for i, state := range counted {
		if v := views[i]; !state.Degraded {
			v.LimitState, v.RequestsThisHour = &state, state.Hour
			v.Used(state.LastUsed, state.LastFrom)
		}
	}
	return views
}

func (s *Service) record(ctx context.Context, kind, keyID, userID string, details map[string]string) error {
	return s.Events.Record(ctx, authserver.Event{Kind: kind, UserID: userID, SubjectID: keyID, Details: details})
}
