package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

const (
	totpStep  = 30 * time.Second
	totpDrift = 1 // steps a clock may be off either way (RFC 6238 section 5.2)

	recoveryCount = 10
	recoveryBytes = 10 // 80 bits in 16 characters
)

// totpCodes is what every authenticator app computes.
var totpCodes = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// ErrSecondFactor asks for a second factor, or refuses the one given: the
// answer is the same (docs/contract.md, "Sign in").
var ErrSecondFactor = fault.New(fault.Unauthenticated, "Two-factor authentication required").WithField("mfa_required", true)

var errNoSealer = fault.New(fault.Unavailable, "The second factor is not available on this server")

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// ErrWrongCode refuses a second factor on a form, beside its field.
var ErrWrongCode = invalid(authserver.Violations{{Field: "otp_code", Rule: "otp_code.wrong", Message: "The code is wrong or has been used before"}})

// matchCode finds the time step whose code was given, now or one step away.
func (s *Service) matchCode(userID string, sealed []byte, code string) (step int64, ok bool, err error) {
	if s.deps.Sealer == nil {
		return 0, false, errNoSealer
	}
	raw, _, err := s.deps.Sealer.open(sealed, userID)
	if err != nil {
		return 0, false, err
	}
	current := s.deps.Now().Unix() / int64(totpStep/time.Second)
	for candidate := current - totpDrift; candidate <= current+totpDrift; candidate++ {
		want, err := hotp.GenerateCodeCustom(base32Text.EncodeToString(raw), uint64(candidate), totpCodes) //nolint:gosec // a step since 1970 is positive
		if err != nil {
			return 0, false, fmt.Errorf("account: compute the code of a second factor: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = candidate, true
		}
	}
	return step, ok, nil
}

// CheckSecondFactor accepts a code of the authenticator app or a recovery code,
// each once: of parallel tries one wins. Errors: ErrSecondFactor,
// fault.RateLimited.
func (s *Service) CheckSecondFactor(ctx context.Context, u *authserver.User, code string) error {
	code = authserver.NormalizeCode(code)
	if code == "" {
		return ErrSecondFactor
	}
	if err := s.take(ctx, "second-factor", u.ID, s.deps.Settings.Throttles.SecondFactor); err != nil {
		return err
	}
	ok, err := s.claimCode(ctx, u, code)
	if err != nil {
		return err
	}
	if !ok {
		s.refused(ctx, u.ID, "second factor")
		return ErrSecondFactor
	}
	return nil
}

func (s *Service) claimCode(ctx context.Context, u *authserver.User, code string) (bool, error) {
	if len(code) != 6 {
		return s.claimRecoveryCode(ctx, u, code)
	}
	found, err := s.deps.Store.FindSecondFactor(ctx, u.ID)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	step, ok, err := s.matchCode(u.ID, found.Sealed, code)
	if err != nil || !ok {
		return false, err
	}
	return s.deps.Store.ClaimStep(ctx, u.ID, step)
}

func (s *Service) claimRecoveryCode(ctx context.Context, u *authserver.User, code string) (used bool, err error) {
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		used, err = s.deps.Store.ClaimRecoveryCode(ctx, u.ID, recoveryDigest(u.ID, code), s.now())
		if err != nil || !used {
			return err
		}
		return s.record(ctx, authserver.EventRecoveryCodeUsed, u.ID)
	})
	return used, err
}

// recoveryDigest is how a recovery code is stored. It has 80 random bits, so
// a plain digest withstands guessing.
func recoveryDigest(userID, code string) secret.Digest {
	return secret.DigestOf("recovery\x00" + userID + "\x00" + strings.ToLower(code))
}

func (s *Service) newRecoveryCodes(ctx context.Context, userID string) ([]string, error) {
	codes := make([]string, recoveryCount)
	digests := make([]secret.Digest, recoveryCount)
	for i := range codes {
		var raw [recoveryBytes]byte
		_, _ = rand.Read(raw[:]) // crypto/rand never fails on Go 1.24 and later
		plain := strings.ToLower(base32Text.EncodeToString(raw[:]))
		digests[i] = recoveryDigest(userID, plain)
		codes[i] = plain[:4] + "-" + plain[4:8] + "-" + plain[8:12] + "-" + plain[12:]
	}
	return codes, s.deps.Store.ReplaceRecoveryCodes(ctx, userID, digests, s.now())
}

// RenewRecoveryCodes replaces the recovery codes of u, who gives a code.
func (s *Service) RenewRecoveryCodes(ctx context.Context, u *authserver.User, code string) ([]string, error) {
	var codes []string
	if err := s.checkField(s.CheckSecondFactor(ctx, u, code)); err != nil {
		return nil, err
	}
	err := s.deps.Store.InTx(ctx, func(ctx context.Context) (err error) {
		if err := s.deps.Store.HoldUser(ctx, u.ID); err != nil {
			return err
		}
		if codes, err = s.newRecoveryCodes(ctx, u.ID); err != nil {
			return err
		}
		return s.record(ctx, authserver.EventRecoveryCodesMade, u.ID)
	})
	return codes, err
}

// checkField turns the refusal of a wrong code into ErrWrongCode, for a form.
func (s *Service) checkField(err error) error {
	if fault.Is(err, fault.Unauthenticated) {
		return ErrWrongCode
	}
	return err
}

// RecoveryCodesLeft returns how many recovery codes of u are unused.
func (s *Service) RecoveryCodesLeft(ctx context.Context, u *authserver.User) (int, error) {
	return s.deps.Store.CountRecoveryCodes(ctx, u.ID)
}

// DisableSecondFactor turns it off for the person at sign-in in, who gives
// password and code.
func (s *Service) DisableSecondFactor(ctx context.Context, in *authserver.Signin, password, code string) error {
	u := &in.User
	if err := s.confirm(ctx, in, password); err != nil {
		return err
	}
	if err := s.checkField(s.CheckSecondFactor(ctx, u, code)); err != nil {
		return err
	}
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.deps.Store.HoldUser(ctx, u.ID); err != nil {
			return err
		}
		if err := s.deps.Store.DeleteSecondFactor(ctx, u.ID); err != nil {
			return err
		}
		return s.record(ctx, authserver.EventSecondFactorOff, u.ID)
	})
}

// Reseal seals every second-factor secret anew under the current key and
// returns how many were under an earlier one.
func (s *Service) Reseal(ctx context.Context, seen func(n int64)) (int, error) {
	if s.deps.Sealer == nil {
		return 0, errNoSealer
	}
	all, err := s.deps.Store.ListSecondFactors(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, f := range all {
		seen(1)
		raw, outdated, err := s.deps.Sealer.open(f.Sealed, f.UserID)
		if err != nil {
			return n, fmt.Errorf("second factor of user %s: %w", f.UserID, err)
		}
		if !outdated {
			continue
		}
		if err := s.deps.Store.ResealSecondFactor(ctx, f.UserID, f.Sealed, s.deps.Sealer.seal(raw, f.UserID)); err != nil {
			return n, err
		}
		n++
	}
	return n, s.renewProof(ctx)
}
