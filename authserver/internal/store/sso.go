package store

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/secret"
)

// Rows of single sign-on live for minutes and are used once. Their statements are by
// hand: using a row up returns it, in one statement.

const ssoDeviceColumns = `device_id, device_name, device_kind, os_version, app_version`

func ssoDevice(d *authserver.Device) []any {
	return []any{&d.DeviceID, &d.Name, &d.Kind, &d.OSVersion, &d.AppVersion}
}

// CreateLoginState remembers a browser that is sent to a provider.
func (s *Store) CreateLoginState(ctx context.Context, r *authserver.LoginState) error {
	_, err := s.db.Exec(ctx, `INSERT INTO sso_login_states (digest, provider, purpose, browser, user_id, return_to,
		`+ssoDeviceColumns+`, challenge, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		r.Digest, r.Provider, r.Purpose, r.Browser, orNull(r.UserID), r.ReturnTo,
		r.Device.DeviceID, r.Device.Name, r.Device.Kind, r.Device.OSVersion, r.Device.AppVersion,
		r.Challenge, r.CreatedAt, r.ExpiresAt)
	return err
}

func orNull(id string) *string {
	if id == "" {
		return nil
	}
	return &id
}

// ClaimLoginState uses a login state up: of parallel arrivals one wins.
// fault.NotFound: this browser was not sent to this provider with this state, or
// came back before, or too late.
func (s *Store) ClaimLoginState(ctx context.Context, state secret.Digest, provider string, browser secret.Digest, now time.Time) (*authserver.LoginState, error) {
	r := authserver.LoginState{Digest: state, Provider: provider, Browser: browser}
	var user *string
	fields := append([]any{&r.Purpose, &user, &r.ReturnTo}, ssoDevice(&r.Device)...)
	err := s.db.QueryRow(ctx, `DELETE FROM sso_login_states WHERE digest = $1 AND provider = $2 AND browser = $3 AND expires_at > $4
		RETURNING purpose, user_id, return_to, `+ssoDeviceColumns+`, challenge, created_at, expires_at`,
		state[:], provider, browser[:], now).Scan(append(fields, &r.Challenge, &r.CreatedAt, &r.ExpiresAt)...)
	if user != nil {
		r.UserID = *user
	}
	return orNotFound(&r, err)
}

// CreateSSOCode stores a code that was just made.
func (s *Store) CreateSSOCode(ctx context.Context, c *authserver.SSOCode) error {
	_, err := s.db.Exec(ctx, `INSERT INTO sso_codes (digest, stage, user_id, bound, `+ssoDeviceColumns+`, challenge, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, c.Digest, c.Stage, c.UserID, c.Bound,
		c.Device.DeviceID, c.Device.Name, c.Device.Kind, c.Device.OSVersion, c.Device.AppVersion, c.Challenge, c.CreatedAt, c.ExpiresAt)
	return err
}

const ssoCodeColumns = `user_id, bound, ` + ssoDeviceColumns + `, challenge, created_at, expires_at`

func ssoCodeFields(c *authserver.SSOCode) []any {
	return append(append([]any{&c.UserID, &c.Bound}, ssoDevice(&c.Device)...), &c.Challenge, &c.CreatedAt, &c.ExpiresAt)
}

// FindSSOCode returns a code that can be used at now. fault.NotFound: there is none.
func (s *Store) FindSSOCode(ctx context.Context, digest secret.Digest, stage string, now time.Time) (*authserver.SSOCode, error) {
	c := authserver.SSOCode{Digest: digest, Stage: stage}
	err := s.db.QueryRow(ctx, `SELECT `+ssoCodeColumns+` FROM sso_codes
		WHERE digest = $1 AND stage = $2 AND redeemed_at IS NULL AND expires_at > $3`, digest[:], stage, now).Scan(ssoCodeFields(&c)...)
	return orNotFound(&c, err)
}

// ClaimSSOCode uses a code up: of parallel tries one wins. challenge is computed
// from the caller's verifier; "": the caller sent none. fault.NotFound: it
// cannot be used, or not by this caller.
func (s *Store) ClaimSSOCode(ctx context.Context, digest secret.Digest, stage, challenge string, now time.Time) (*authserver.SSOCode, error) {
	c := authserver.SSOCode{Digest: digest, Stage: stage}
	err := s.db.QueryRow(ctx, `UPDATE sso_codes SET redeemed_at = $4
		WHERE digest = $1 AND stage = $2 AND challenge = $3 AND redeemed_at IS NULL AND expires_at > $4
		RETURNING `+ssoCodeColumns, digest[:], stage, challenge, now).Scan(ssoCodeFields(&c)...)
	return orNotFound(&c, err)
}

// CreateUnlinkedIdentity remembers a person a provider vouched for.
func (s *Store) CreateUnlinkedIdentity(ctx context.Context, n *authserver.UnlinkedIdentity) error {
	_, err := s.db.Exec(ctx, `INSERT INTO sso_unlinked_identities (digest, provider, subject, email, email_verified, first_name, last_name,
		`+ssoDeviceColumns+`, challenge, return_to, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		n.Digest, n.Provider, n.Subject, n.Email, n.EmailVerified, n.FirstName, n.LastName,
		n.Device.DeviceID, n.Device.Name, n.Device.Kind, n.Device.OSVersion, n.Device.AppVersion,
		n.Challenge, n.ReturnTo, n.CreatedAt, n.ExpiresAt)
	return err
}

const (
	unlinkedColumns = `provider, subject, email, email_verified, first_name, last_name, ` + ssoDeviceColumns +
		`, challenge, return_to, created_at, expires_at`
	unlinkedOpen = `digest = $1 AND challenge = $2 AND expires_at > $3 AND used_at IS NULL`
)

func unlinkedFields(n *authserver.UnlinkedIdentity) []any {
	fields := append([]any{&n.Provider, &n.Subject, &n.Email, &n.EmailVerified, &n.FirstName, &n.LastName}, ssoDevice(&n.Device)...)
	return append(fields, &n.Challenge, &n.ReturnTo, &n.CreatedAt, &n.ExpiresAt)
}

// FindUnlinkedIdentity returns whom a linking code stands for at now.
// challenge: as ClaimSSOCode. fault.NotFound: nobody, or not for this caller.
func (s *Store) FindUnlinkedIdentity(ctx context.Context, digest secret.Digest, challenge string, now time.Time) (*authserver.UnlinkedIdentity, error) {
	n := authserver.UnlinkedIdentity{Digest: digest}
	err := s.db.QueryRow(ctx, `SELECT `+unlinkedColumns+` FROM sso_unlinked_identities WHERE `+unlinkedOpen+` AND failures < $4`,
		digest[:], challenge, now, authserver.MaxLinkFailures).Scan(unlinkedFields(&n)...)
	return orNotFound(&n, err)
}

// CountLinkTry counts a password that is about to be tried with a linking code.
// The count comes first, so that parallel guesses cannot all pass before one of
// them is counted. false: there were too many, or the code is used or too old.
func (s *Store) CountLinkTry(ctx context.Context, digest secret.Digest, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE sso_unlinked_identities SET failures = failures + 1
		WHERE digest = $1 AND expires_at > $2 AND used_at IS NULL AND failures < $3`, digest[:], now, authserver.MaxLinkFailures)
	return n == 1, err
}

// ForgiveLinkTry takes the count of a password back that was not wrong.
func (s *Store) ForgiveLinkTry(ctx context.Context, digest secret.Digest) error {
	_, err := s.db.Exec(ctx, `UPDATE sso_unlinked_identities SET failures = failures - 1 WHERE digest = $1 AND failures > 0`, digest[:])
	return err
}

// ClaimUnlinkedIdentity uses a linking code up: of parallel tries one wins.
// Tries that are being counted do not stand in the way. false: it is used or
// too old.
func (s *Store) ClaimUnlinkedIdentity(ctx context.Context, digest secret.Digest, challenge string, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE sso_unlinked_identities SET used_at = $3 WHERE `+unlinkedOpen, digest[:], challenge, now)
	return n == 1, err
}
