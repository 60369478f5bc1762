package account

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/branding"
	"latchkey/pkg/fault"
)

const (
	totpSecret = 20 // bytes; RFC 4226 section 4

	// setupLife is how long a browser shows one secret. After it, at another
	// browser, and at a sign-in that came after, there is another one.
	setupLife = 10 * time.Minute
)

// Setup is what an authenticator app needs.
type Setup struct {
	Key string // base32, in groups of four
	URI string // otpauth://, for the QR code
}

var errHasSecondFactor = fault.New(fault.Conflict, "A second factor is already set up")

// BeginSecondFactor makes a secret for the person at sign-in in, or shows the one
// that waits there to be confirmed. fault.Conflict: there is a second factor
// already.
func (s *Service) BeginSecondFactor(ctx context.Context, in *authserver.Signin) (Setup, error) {
	if s.deps.Sealer == nil {
		return Setup{}, errNoSealer
	}
	if in.User.SecondFactor {
		return Setup{}, errHasSecondFactor
	}
	u := &in.User
	found, err := s.deps.Store.FindSecondFactorSetup(ctx, in.ID, s.now())
	if err == nil {
		if raw, _, err := s.deps.Sealer.open(found.Sealed, u.ID); err == nil {
			return s.setup(u, raw), nil
		}
		err = s.deps.Store.DeleteSecondFactorSetup(ctx, in.ID) // sealed under a key that is gone
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Setup{}, err
	}
	raw := make([]byte, totpSecret)
	_, _ = rand.Read(raw) // crypto/rand never fails on Go 1.24 and later
	err = s.deps.Store.SaveSecondFactorSetup(ctx, authserver.SecondFactorSetup{
		SigninID: in.ID, UserID: u.ID, Sealed: s.deps.Sealer.seal(raw, u.ID), ExpiresAt: s.now().Add(setupLife),
	}, s.now())
	if err != nil {
		return Setup{}, err
	}
	// Of two pages that were asked for together, both show what was stored first.
	if found, err = s.deps.Store.FindSecondFactorSetup(ctx, in.ID, s.now()); err != nil {
		return Setup{}, err
	}
	raw, _, err = s.deps.Sealer.open(found.Sealed, u.ID)
	return s.setup(u, raw), err
}

func (s *Service) setup(u *authserver.User, raw []byte) Setup {
	issuer := cmp.Or(s.deps.Settings.Name, branding.DefaultName)
	key := base32Text.EncodeToString(raw)
	q := url.Values{"secret": {key}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	uri := url.URL{
		Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + u.Email,
		RawQuery: strings.ReplaceAll(q.Encode(), "+", "%20"),
	}
	var groups []string
	for i := 0; i < len(key); i += 4 {
		groups = append(groups, key[i:min(i+4, len(key))])
	}
	return Setup{Key: strings.Join(groups, " "), URI: uri.String()}
}

// errSetupGone refuses a code of a secret that is not shown any more.
var errSetupGone = invalid(authserver.Violations{{Field: "otp_code", Rule: "otp_code.late", Message: "That took too long. Scan the new code and enter what the app shows"}})

// ConfirmSecondFactor makes the secret that sign-in in shows count once the person
// proves to have it, and returns the recovery codes, this once. Errors:
// fault.Invalid (wrong code, or shown too long ago), fault.Conflict (there is a
// second factor already), fault.RateLimited.
func (s *Service) ConfirmSecondFactor(ctx context.Context, in *authserver.Signin, code string) ([]string, error) {
	u := &in.User
	if u.SecondFactor {
		return nil, errHasSecondFactor
	}
	if err := s.take(ctx, "second-factor", u.ID, s.deps.Settings.Throttles.SecondFactor); err != nil {
		return nil, err
	}
	found, err := s.deps.Store.FindSecondFactorSetup(ctx, in.ID, s.now())
	if fault.Is(err, fault.NotFound) {
		return nil, errSetupGone
	}
	if err != nil {
		return nil, err
	}
	step, ok, err := s.matchCode(u.ID, found.Sealed, authserver.NormalizeCode(code))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrWrongCode
	}
	var codes []string
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.deps.Store.HoldUser(ctx, u.ID); err != nil {
			return err
		}
		won, err := s.deps.Store.CreateSecondFactor(ctx, authserver.SecondFactor{UserID: u.ID, Sealed: found.Sealed, LastStep: step}, s.now())
		if err != nil {
			return err
		}
		if !won {
			return errHasSecondFactor
		}
		if codes, err = s.newRecoveryCodes(ctx, u.ID); err != nil {
			return err
		}
		if err := s.record(ctx, authserver.EventSecondFactorOn, u.ID); err != nil {
			return err
		}
		return s.end(ctx, u.ID, endingFactorOn, in.ID)
	})
	return codes, err
}
