package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

type passkeyRow struct {
	ID             string
	UserID         string
	CredentialID   []byte
	PublicKey      []byte
	SignCount      int64
	BackupEligible bool
	BackedUp       bool
	AAGUID         []byte `gorm:"column:aaguid"`
	Transports     string // separated by spaces
	Name           string
	CreatedAt      time.Time
	UsedAt         *time.Time
	SuspendedAt    *time.Time
}

func (passkeyRow) TableName() string { return "passkeys" }

func newPasskeyRow(p *authserver.Passkey) *passkeyRow {
	return &passkeyRow{
		ID: p.ID, UserID: p.UserID, CredentialID: p.CredentialID, PublicKey: p.PublicKey, SignCount: int64(p.SignCount),
		BackupEligible: p.BackupEligible, BackedUp: p.BackedUp, AAGUID: p.AAGUID,
		Transports: strings.Join(p.Transports, " "), Name: p.Name, CreatedAt: p.CreatedAt,
	}
}

func (r passkeyRow) passkey() authserver.Passkey {
	return authserver.Passkey{
		ID: r.ID, UserID: r.UserID, CredentialID: r.CredentialID, PublicKey: r.PublicKey,
		SignCount:      uint32(r.SignCount), //nolint:gosec // it was stored from a uint32
		BackupEligible: r.BackupEligible, BackedUp: r.BackedUp, AAGUID: r.AAGUID,
		Transports: strings.Fields(r.Transports), Name: r.Name,
		CreatedAt: r.CreatedAt, UsedAt: r.UsedAt, SuspendedAt: r.SuspendedAt,
	}
}

func (s *Store) passkeys(ctx context.Context, userID string) *gorm.DB {
	return s.rows(ctx).Model(&passkeyRow{}).Where("user_id = ?", userID)
}

func passkeysOf(query *gorm.DB) ([]authserver.Passkey, error) {
	rows, err := database.Find[passkeyRow](query.Order("created_at, id"))
	return database.Mapped(rows, passkeyRow.passkey), err
}

// CreatePasskey stores a passkey. fault.Conflict: the credential is known.
func (s *Store) CreatePasskey(ctx context.Context, p *authserver.Passkey) error {
	err := database.ErrorOf(s.rows(ctx).Create(newPasskeyRow(p)))
	if database.IsUnique(err, "passkeys_credential", "passkeys.credential_id") {
		return fault.Wrap(fault.Conflict, err, "This passkey is already registered")
	}
	return err
}

// ListPasskeys returns the passkeys of a user that are not suspended, the oldest
// first.
func (s *Store) ListPasskeys(ctx context.Context, userID string) ([]authserver.Passkey, error) {
	return passkeysOf(s.passkeys(ctx, userID).Where("suspended_at IS NULL"))
}

// FindPasskey returns the passkey of a credential. fault.NotFound: there is
// none, it is suspended, or its user is deactivated (and not just closed).
func (s *Store) FindPasskey(ctx context.Context, credentialID []byte) (*authserver.Passkey, error) {
	row, err := database.Take[passkeyRow](s.rows(ctx).Where("credential_id = ? AND suspended_at IS NULL", credentialID).
		Where("user_id IN (SELECT id FROM users WHERE deactivated_at IS NULL OR erase_at IS NOT NULL)"))
	if err != nil {
		return nil, err
	}
	p := row.passkey()
	return &p, nil
}

// UsePasskey notes a use and moves the signature counter on. false: the counter
// did not go up (Web Authentication section 6.1.1), or the passkey is gone or suspended.
func (s *Store) UsePasskey(ctx context.Context, id string, count uint32, backedUp bool, now time.Time) (bool, error) {
	return wroteOne(s.rows(ctx).Model(&passkeyRow{}).Where("id = ? AND suspended_at IS NULL", id).
		Where("sign_count < ? OR sign_count = 0 AND ?", int64(count), count == 0).
		Updates(map[string]any{"sign_count": int64(count), "backed_up": backedUp, "used_at": now}))
}

// RenamePasskey gives a passkey of the user another name, if it is called seen; "":
// whatever it is called. false: there is none.
func (s *Store) RenamePasskey(ctx context.Context, userID, id, seen, name string) (bool, error) {
	return wroteOne(s.passkeys(ctx, userID).Where("id = ? AND (? = '' OR name = ?)", id, seen, seen).Update("name", name))
}

// DeletePasskey forgets a passkey of the user. false: there is none.
func (s *Store) DeletePasskey(ctx context.Context, userID, id string) (bool, error) {
	return wroteOne(s.passkeys(ctx, userID).Where("id = ?", id).Delete(&passkeyRow{}))
}

type challengeRow struct {
	authserver.PasskeyChallenge
	UserID *string
}

func (challengeRow) TableName() string { return "passkey_challenges" }

// CreatePasskeyChallenge remembers a challenge.
func (s *Store) CreatePasskeyChallenge(ctx context.Context, c *authserver.PasskeyChallenge) error {
	return database.ErrorOf(s.rows(ctx).Create(&challengeRow{*c, orNull(c.UserID)}))
}

// ClaimPasskeyChallenge uses a challenge up: of parallel tries one wins. It
// returns who must answer ("": whoever can). fault.NotFound: it was not given to
// this browser for this purpose, or was used, or is too old at now.
// By hand: one statement claims and returns.
func (s *Store) ClaimPasskeyChallenge(ctx context.Context, challenge secret.Digest, purpose string, browser secret.Digest, now time.Time) (string, error) {
	var user *string
	err := s.db.QueryRow(ctx, `DELETE FROM passkey_challenges WHERE digest = $1 AND purpose = $2 AND browser = $3 AND expires_at > $4
		RETURNING user_id`, challenge[:], purpose, browser[:], now).Scan(&user)
	switch {
	case errors.Is(err, database.ErrNoRows):
		return "", database.Translate(err)
	case err != nil || user == nil:
		return "", err
	}
	return *user, nil
}
