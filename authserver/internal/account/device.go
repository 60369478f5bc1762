package account

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// SignUpOnDevice is SignUp through the JSON API: the device is registered and
// gets its tokens in the same transaction (docs/contract.md, "Sign up").
func (s *Service) SignUpOnDevice(ctx context.Context, in Signup, d authserver.Device, v Visitor) (*authserver.User, *authserver.Tokens, error) {
	var tokens *authserver.Tokens
	in.device = &d
	u, err := s.SignUp(ctx, in, v, func(ctx context.Context, u *authserver.User) (err error) {
		if err := s.deps.Store.NoteSignin(ctx, u.ID, s.now(), ""); err != nil {
			return err
		}
		tokens, err = s.openDevice(ctx, u, &d, authserver.OriginLogin)
		return err
	})
	return u, tokens, err
}

// SignInOnDevice checks password, second factor and device, in this order, and
// ends the grants that were opened on the device before (docs/contract.md,
// "Sign in"). Errors: ErrBadCredentials, ErrSecondFactor, fault.Malformed
// (device), fault.RateLimited, fault.Unavailable.
func (s *Service) SignInOnDevice(ctx context.Context, email, password, code string, d authserver.Device, v Visitor) (*authserver.User, *authserver.Tokens, error) {
	u, err := s.CheckPassword(ctx, email, password, v)
	if err != nil {
		return nil, nil, err
	}
	if u.SecondFactor && code == "" {
		return nil, nil, ErrSecondFactor
	}
	if u.SecondFactor {
		if err := s.CheckSecondFactor(ctx, u, code); err != nil {
			return nil, nil, err
		}
	}
	if err := authserver.CheckDevice(&d); err != nil {
		return nil, nil, err
	}
	if err := s.learnLanguage(ctx, u, v); err != nil {
		return nil, nil, err
	}
	var tokens *authserver.Tokens
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) (err error) {
		if err := s.deps.Store.NoteSignin(ctx, u.ID, s.now(), ""); err != nil {
			return err
		}
		if err := s.stillGood(ctx, u); err != nil {
			return err
		}
		if tokens, err = s.openDevice(ctx, u, &d, authserver.OriginLogin); err != nil {
			return err
		}
		return s.signedIn(ctx, u, &d, authserver.OriginLogin)
	})
	if err != nil {
		return nil, nil, err
	}
	return u, tokens, nil
}

// signedIn records that the user signed in on a device.
func (s *Service) signedIn(ctx context.Context, u *authserver.User, d *authserver.Device, origin string) error {
	fresh := !u.New && d.CreatedAt.Equal(d.SeenAt) // else the row was there before
	return s.deps.Events.Record(ctx, authserver.Event{
		Kind: authserver.EventSignin, UserID: u.ID, ClientID: authserver.FirstPartyClientID, SubjectID: d.ID,
		Details: origins(origin, fresh),
	})
}

// stillGood locks the user's row, and refuses a user who was deactivated or got
// another password or a second factor since it was checked.
func (s *Service) stillGood(ctx context.Context, u *authserver.User) error {
	err := s.deps.Store.LockUser(ctx, u)
	if fault.Is(err, fault.NotFound) {
		return ErrBadCredentials
	}
	return err
}

func (s *Service) openDevice(ctx context.Context, u *authserver.User, d *authserver.Device, origin string) (*authserver.Tokens, error) {
	now := s.now()
	d.ID, d.UserID, d.CreatedAt, d.SeenAt = uuid.NewString(), u.ID, now, now
	if err := s.deps.Store.SaveDevice(ctx, d); err != nil {
		return nil, err
	}
	err := s.deps.Grants.End(ctx, authserver.GrantFilter{UserID: u.ID, DeviceID: d.ID}, authserver.EndSignedInAgain)
	if err != nil {
		return nil, err
	}
	tokens, err := s.deps.Grants.Open(ctx, grant.Opening{
		ClientID: authserver.FirstPartyClientID, UserID: u.ID, Scopes: scope.ReadWrite,
		DeviceID: d.ID, Origin: origin,
	})
	if errors.Is(err, grant.ErrNoParent) {
		err = ErrBadCredentials
	}
	return tokens, err
}

// RefreshOnDevice rotates a refresh token of the first-party sign-in. A device
// id that is given must be the one the token was issued to; otherwise the token
// is refused and stays good. Errors: fault.Unauthenticated (it is not good),
// fault.RateLimited.
func (s *Service) RefreshOnDevice(ctx context.Context, refreshToken, deviceID string, v Visitor) (*authserver.Tokens, error) {
	tokens, err := s.refreshOnDevice(ctx, refreshToken, deviceID)
	if fault.Is(err, fault.Unauthenticated) {
		if wait := s.TokenRefused(ctx, v.Address); wait > 0 {
			return nil, throttled(wait)
		}
	}
	return tokens, err
}

func (s *Service) refreshOnDevice(ctx context.Context, refreshToken, deviceID string) (*authserver.Tokens, error) {
	refused := fault.New(fault.Unauthenticated, "Invalid refresh token")
	token, err := secret.Parse(secret.RefreshToken, refreshToken)
	if err != nil {
		return nil, refused
	}
	if deviceID != "" {
		handle, err := token.HandleDigest()
		if err != nil {
			return nil, refused
		}
		bound, err := s.deps.Store.DeviceOfRefreshToken(ctx, handle)
		if err != nil {
			return nil, err
		}
		if bound != deviceID {
			return nil, refused
		}
	}
	tokens, err := s.deps.Grants.Refresh(ctx, grant.RefreshRequest{RefreshToken: refreshToken, ClientID: authserver.FirstPartyClientID})
	if because, bad := errors.AsType[*grant.Refusal](err); bad {
		return nil, refused.WithCause(because)
	}
	if err != nil {
		return nil, err
	}
	return tokens, s.deps.Store.StampDevice(ctx, tokens.GrantID, s.now())
}

// Devices lists the devices of a user.
func (s *Service) Devices(ctx context.Context, userID string) ([]authserver.Device, error) {
	return s.deps.Store.ListDevices(ctx, userID)
}

// DeviceOfGrant returns our id of the device a grant is bound to; "": none.
func (s *Service) DeviceOfGrant(ctx context.Context, grantID string) (string, error) {
	return s.deps.Store.DeviceOfGrant(ctx, grantID)
}

// RevokeDevice ends everything issued to a device of the user. fault.NotFound:
// there is none with this id.
func (s *Service) RevokeDevice(ctx context.Context, userID, id string) error {
	missing := fault.New(fault.NotFound, "Device not found")
	if !authserver.ValidID(id) {
		return missing
	}
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		ended, err := s.deps.Store.EndDevice(ctx, userID, id, s.now())
		if err != nil {
			return err
		}
		if !ended {
			return missing
		}
		err = s.deps.Events.Record(ctx, authserver.Event{Kind: authserver.EventDeviceRevoked, UserID: userID, SubjectID: id})
		if err != nil {
			return err
		}
		return s.deps.Grants.End(ctx, authserver.GrantFilter{UserID: userID, DeviceID: id}, authserver.EndDeviceRevoked)
	})
}

// EndGrant ends one grant of a user: what a person or an app is signed out of.
func (s *Service) EndGrant(ctx context.Context, userID, grantID string) error {
	return s.deps.Grants.End(ctx, authserver.GrantFilter{ID: grantID, UserID: userID}, authserver.EndRevoked)
}

// EnableAI switches AI features on for a user (docs/contract.md, "AI features").
// fault.Forbidden: this instance has none.
func (s *Service) EnableAI(ctx context.Context, userID string) (*authserver.User, error) {
	if !s.deps.Settings.AIAvailable {
		return nil, fault.New(fault.Forbidden, "AI is not available for your account")
	}
	if err := s.deps.Store.SetAIEnabled(ctx, userID, true); err != nil {
		if fault.KindOf(err) == fault.Internal {
			return nil, fault.Wrap(fault.Invalid, err, "Failed to update user settings").WithErrors("Failed to update user settings")
		}
		return nil, err
	}
	return s.deps.Store.FindUser(ctx, userID)
}
