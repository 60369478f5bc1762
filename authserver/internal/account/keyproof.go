package account

import (
	"context"
	"errors"
	"fmt"
)

// Whoever starts with another encryption key than the one before would find out
// when the first person signs in with a second factor. A proof in the database
// finds out at start: it is sealed under the key, and opens under no other.
const (
	keyProof      = "latchkey"
	keyProofOwner = "encryption key"
)

// ErrWrongKey is an encryption key that does not open what the database holds.
var ErrWrongKey = errors.New("the encryption key is not the one that the second factors in this database are encrypted under: " +
	"give the key from the backup as AUTH_ENCRYPTION_KEY, or as one of AUTH_ENCRYPTION_KEYS_OLD " +
	"(authserver encryption-key -h says what to do when it is lost)")

// ProveKey compares the encryption key with the proof in the database, which it
// makes when there is none.
func (s *Service) ProveKey(ctx context.Context) error {
	if s.deps.Sealer != nil {
		if err := s.deps.Store.AddKeyProof(ctx, s.deps.Sealer.seal([]byte(keyProof), keyProofOwner)); err != nil {
			return err
		}
	}
	return s.CheckKey(ctx)
}

// CheckKey compares the encryption key with the proof in the database, if there is
// one.
func (s *Service) CheckKey(ctx context.Context) error { return s.checkKey(ctx, s.deps.Sealer) }

func (s *Service) checkKey(ctx context.Context, sealer *Sealer) error {
	sealed, err := s.deps.Store.FindKeyProof(ctx)
	if err != nil || sealed == nil {
		return err
	}
	if sealer != nil {
		if _, _, err := sealer.open(sealed, keyProofOwner); err == nil {
			return nil
		}
	}
	return ErrWrongKey
}

// KeyRenewal returns what takes the keys of next. ErrWrongKey: none of them opens what
// the database holds.
func (s *Service) KeyRenewal(ctx context.Context, next *Sealer) (apply func(), err error) {
	if err := s.checkKey(ctx, next); err != nil {
		return nil, err
	}
	return func() { s.deps.Sealer.Renew(next) }, nil
}

// renewProof seals the proof under the current key.
func (s *Service) renewProof(ctx context.Context) error {
	return s.deps.Store.SetKeyProof(ctx, s.deps.Sealer.seal([]byte(keyProof), keyProofOwner))
}

// ReplaceKey goes on with the current key after the one before was lost. Secrets
// that no key opens go: their people use a recovery code, and set the second
// factor up again. It returns of how many.
func (s *Service) ReplaceKey(ctx context.Context, seen func(n int64)) (lost int, err error) {
	if s.deps.Sealer == nil {
		return 0, errNoSealer
	}
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		all, err := s.deps.Store.ListSecondFactors(ctx)
		if err != nil {
			return err
		}
		lost = 0
		for _, f := range all {
			seen(1)
			if _, _, err := s.deps.Sealer.open(f.Sealed, f.UserID); err == nil {
				continue
			}
			if err := s.deps.Store.DropSecondFactorSecret(ctx, f.UserID); err != nil {
				return fmt.Errorf("second factor of user %s: %w", f.UserID, err)
			}
			lost++
		}
		return s.renewProof(ctx)
	})
	return lost, err
}
