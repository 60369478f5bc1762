package apikey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/secret"
)

// Rotation is what came of rotating a key.
type Rotation struct {
	New    *View
	Secret secret.Token // of the new key, shown this once
	Old    *View        // still in use until its end, or over
}

// InUse reports whether the old key was used within the last day: there is a
// machine that still has to be given the new one.
func (r *Rotation) InUse(now time.Time) bool {
	return r.Old.LastUsedAt != nil && now.Sub(*r.Old.LastUsedAt) < inUse
}

const inUse = 24 * time.Hour

// Rotate replaces a key of the user by a successor that inherits its name,
// scope, tier, source, expiry and allow list. The old key lives on for overlap,
// but not beyond its own end. fault.NotFound: the user has no such live key.
// fault.Conflict: it has been rotated already. fault.Invalid: the overlap is
// none, or too many rotated keys of the source live on. with is the client that asks
// for it; "": none.
func (s *Service) Rotate(ctx context.Context, userID, id string, overlap time.Duration, with string) (*Rotation, error) {
	if overlap < 0 || overlap > authserver.MaxKeyOverlap {
		return nil, invalid(authserver.Violations{{
			Field: "overlap", Rule: "overlap.range", Message: "Overlap must be between 0 and 7 days",
		}})
	}
	old, err := s.find(ctx, userID, id)
	if err != nil {
		return nil, err
	}
	successor, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("apikey: %w", err)
	}
	now, made := s.now(), secret.New(secret.APIKey)
	r := authserver.KeyRotation{
		ID: old.ID, UserID: old.UserID, Now: now, OverlapUntil: now.Add(overlap),
		SuccessorID: successor.String(), Successor: made.Digest(), Stub: made.String(),
		KeyMaker: authserver.KeyMaker{MadeBy: s.Events.ActorOf(ctx, old.UserID), MadeWith: with},
	}
	if overlap > 0 { // introspection speaks of whole seconds
		r.OverlapUntil = r.OverlapUntil.Add(time.Second - time.Nanosecond).Truncate(time.Second)
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		retired, err := s.Store.RotateAPIKey(ctx, r)
		if err != nil {
			return err
		}
		s.publish(ctx, retired)
		return s.record(ctx, authserver.EventKeyRotated, old.ID, userID, map[string]string{
			"successor_id": r.SuccessorID, "overlap": overlap.String(),
		})
	})
	if errors.Is(err, authserver.ErrNotClaimed) {
		return nil, s.notRotated(ctx, userID, id, now)
	}
	if err != nil {
		return nil, err
	}
	return s.rotation(ctx, userID, r, made)
}

func (s *Service) rotation(ctx context.Context, userID string, r authserver.KeyRotation, made secret.Token) (*Rotation, error) {
	fresh, err := s.Store.FindAPIKey(ctx, userID, r.SuccessorID)
	if err != nil {
		return nil, err
	}
	old, err := s.Store.FindAPIKey(ctx, userID, r.ID)
	if err != nil {
		return nil, err
	}
	views := s.views(ctx, r.Now, fresh, old)
	return &Rotation{New: views[0], Secret: made, Old: views[1]}, nil
}

// notRotated says why a rotation did not get its key.
func (s *Service) notRotated(ctx context.Context, userID, id string, now time.Time) error {
	k, err := s.find(ctx, userID, id)
	switch {
	case err != nil:
		return err
	case !k.Live(now) && !k.Superseded():
		return errMissing
	case k.Superseded():
		return fault.New(fault.Conflict, "This API key has been rotated already")
	}
	return fault.New(fault.Invalid, "Too many rotated keys of this source are still working. Revoke one of them, or rotate without overlap")
}

// Revoke ends a key of the user at once. fault.NotFound: the user has no such
// live key.
func (s *Service) Revoke(ctx context.Context, userID, id string) error {
	k, err := s.find(ctx, userID, id)
	if err != nil {
		return err
	}
	now := s.now()
	if !k.Live(now) {
		return errMissing
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		ended, err := s.Store.RevokeAPIKey(ctx, userID, k.ID, authserver.KeyRevoked, now)
		if err != nil {
			return err
		}
		if ended == nil {
			return errMissing
		}
		return s.ended(ctx, authserver.KeyRevoked, *ended)
	})
}

// RevokeAll revokes every key of a user, in the transaction of ctx; resource
// servers are told once it has committed. Reason is one of the root package's
// reasons for ending something.
func (s *Service) RevokeAll(ctx context.Context, userID, reason string) error {
	ended, err := s.Store.RevokeKeysOf(ctx, userID, reason, s.now())
	if err != nil {
		return err
	}
	return s.ended(ctx, reason, ended...)
}

func (s *Service) ended(ctx context.Context, reason string, keys ...authserver.EndedKey) error {
	if len(keys) == 0 {
		return nil
	}
	digests := make([]secret.Digest, len(keys))
	for i, k := range keys {
		digests[i] = k.Digest
		err := s.record(ctx, authserver.EventKeyRevoked, k.ID, k.UserID, map[string]string{"reason": reason})
		if err != nil {
			return err
		}
	}
	s.publish(ctx, digests...)
	return nil
}

// publish tells resource servers, once the transaction in ctx has committed, to
// ask anew about keys.
func (s *Service) publish(ctx context.Context, digests ...secret.Digest) {
	s.Store.AfterCommit(ctx, func(ctx context.Context) { s.Publisher.Publish(ctx, digests) })
}

var errOtherTier = fault.New(fault.Conflict, "The tier was changed in the meantime. Check it again.")

// SetTier gives anybody's key another tier: the operator's choice.
// seen is the tier that the form showed; "": whatever it is now. fault.NotFound: there is
// no such key. fault.Invalid: there is no such tier. fault.Conflict: it is not seen.
func (s *Service) SetTier(ctx context.Context, id, seen, tier string) (*View, error) {
	if !authserver.ValidTier(tier) {
		return nil, invalid(authserver.Violations{{
			Field: "tier", Rule: "tier.unknown", Message: "Tier must be standard, premium, enterprise or unlimited",
		}})
	}
	k, err := s.find(ctx, "", id)
	if err != nil {
		return nil, err
	}
	if seen != "" && seen != k.Tier {
		return nil, errOtherTier
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		digest, err := s.Store.SetAPIKeyTier(ctx, k.ID, k.Tier, tier)
		if err != nil {
			return err
		}
		s.publish(ctx, digest)
		return s.record(ctx, authserver.EventKeyTier, k.ID, k.UserID, map[string]string{"tier": tier})
	})
	if fault.Is(err, fault.NotFound) {
		if _, err = s.find(ctx, "", id); err == nil {
			err = errOtherTier
		}
	}
	if err != nil {
		return nil, err
	}
	k.Tier = tier
	return s.view(ctx, k, s.now()), nil
}

// Reported takes the report of a resource server about keys and applications that
// were used. fault.Invalid: it cannot be right.
func (s *Service) Reported(ctx context.Context, report keyuse.Report) error {
	if len(report.Uses) > keyuse.MaxBatch || len(report.ID) > maxReportID {
		return fault.Newf(fault.Invalid, "A report names at most %d uses, and has a short id", keyuse.MaxBatch)
	}
	latest, earliest := s.now().Add(maxSkew), s.now().Add(-keyuse.MaxAge-maxSkew)
	for i := range report.Uses {
		if err := checkUse(&report.Uses[i], earliest, latest); err != nil {
			return err
		}
	}
	if s.Uses != nil {
		s.Uses.Add(report)
		return nil
	}
	return s.Store.StampUses(ctx, report.Uses)
}

const maxReportID = 64 // bytes

// maxSkew is how far a resource server's clock may run ahead of ours, or behind.
const maxSkew = 5 * time.Minute
