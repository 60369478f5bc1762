package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

//nolint:gosec // names of columns, no credential
const passkeyColumns = `p.id, p.user_id, p.credential_id, p.public_key, p.sign_count, p.backup_eligible, p.backed_up,
	p.aaguid, p.transports, p.name, p.created_at, p.used_at`

// passkeyRow is a passkey with its transports as they are stored.
type passkeyRow struct {
	authserver.Passkey
	transports string
}

func passkeyFields(r *passkeyRow) []any {
	return []any{
		&r.ID, &r.UserID, &r.CredentialID, &r.PublicKey, &r.SignCount, &r.BackupEligible, &r.BackedUp,
		&r.AAGUID, &r.transports, &r.Name, &r.CreatedAt, &r.UsedAt,
	}
}

func (r *passkeyRow) passkey() authserver.Passkey {
	r.Transports = strings.Fields(r.transports)
	return r.Passkey
}

// LockPasskeys holds an active user against other changes of the user's
// passkeys until the transaction ends. fault.NotFound: there is no such user.
func (s *Store) LockPasskeys(ctx context.Context, userID string) error {
	var found string
	err := s.db.QueryRow(ctx, s.locking(`SELECT id FROM users WHERE id = $1 AND deactivated_at IS NULL FOR NO KEY UPDATE`), userID).
		Scan(&found)
	_, err = orNotFound(&found, err)
	return err
}

// CreatePasskey stores a passkey. fault.Conflict: the credential is known.
func (s *Store) CreatePasskey(ctx context.Context, p *authserver.Passkey) error {
	_, err := s.db.Exec(ctx, `INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, backup_eligible,
		backed_up, aaguid, transports, name, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		p.ID, p.UserID, p.CredentialID, p.PublicKey, int64(p.SignCount), p.BackupEligible,
		p.BackedUp, p.AAGUID, strings.Join(p.Transports, " "), p.Name, p.CreatedAt)
	if database.IsUnique(err, "passkeys_credential", "passkeys.credential_id") {
		return fault.Wrap(fault.Conflict, err, "This passkey is registered already")
	}
	return err
}

// ListPasskeys returns the passkeys of a user that are not suspended, the oldest
// first.
func (s *Store) ListPasskeys(ctx context.Context, userID string) ([]authserver.Passkey, error) {
	return s.listPasskeys(ctx, `p.user_id = $1 AND p.suspended_at IS NULL`, userID)
}

func (s *Store) listPasskeys(ctx context.Context, where, userID string) ([]authserver.Passkey, error) {
	rows, err := collect(ctx, s, passkeyFields, `SELECT `+passkeyColumns+` FROM passkeys p
		WHERE `+where+` ORDER BY p.created_at, p.id`, userID)
	if err != nil {
		return nil, err
	}
	list := make([]authserver.Passkey, len(rows))
	for i := range rows {
		list[i] = rows[i].passkey()
	}
	return list, nil
}

// FindPasskey returns the passkey of a credential. fault.NotFound: there is
// none, it is suspended, or its user is deactivated (and not just closed).
func (s *Store) FindPasskey(ctx context.Context, credentialID []byte) (*authserver.Passkey, error) {
	var row passkeyRow
	err := s.db.QueryRow(ctx, `SELECT `+passkeyColumns+` FROM passkeys p JOIN users u ON u.id = p.user_id
		WHERE p.credential_id = $1 AND p.suspended_at IS NULL AND (u.deactivated_at IS NULL OR u.erase_at IS NOT NULL)`, credentialID).Scan(passkeyFields(&row)...)
	if _, err := orNotFound(&row, err); err != nil {
		return nil, err
	}
	p := row.passkey()
	return &p, nil
}

// UsePasskey notes a use and moves the signature counter on. false: the counter
// did not go up (Web Authentication section 6.1.1), or the passkey is gone.
func (s *Store) UsePasskey(ctx context.Context, id string, count uint32, backedUp bool, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE passkeys SET sign_count = $2, backed_up = $3, used_at = $4
		WHERE id = $1 AND (sign_count < $2 OR sign_count = 0 AND $5)`, id, int64(count), backedUp, now, count == 0)
	return n == 1, err
}

// RenamePasskey gives a passkey of the user another name. false: there is none.
func (s *Store) RenamePasskey(ctx context.Context, userID, id, name string) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE passkeys SET name = $3 WHERE id = $2 AND user_id = $1`, userID, id, name)
	return n == 1, err
}

// DeletePasskey forgets a passkey of the user. false: there is none.
func (s *Store) DeletePasskey(ctx context.Context, userID, id string) (bool, error) {
	n, err := s.db.Exec(ctx, `DELETE FROM passkeys WHERE id = $2 AND user_id = $1`, userID, id)
	return n == 1, err
}

// CreatePasskeyChallenge remembers a challenge.
func (s *Store) CreatePasskeyChallenge(ctx context.Context, c *authserver.PasskeyChallenge) error {
	var user *string
	if c.UserID != "" {
		user = &c.UserID
	}
	_, err := s.db.Exec(ctx, `INSERT INTO passkey_challenges (digest, purpose, browser, user_id, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, c.Digest, c.Purpose, c.Browser, user, c.CreatedAt, c.ExpiresAt)
	return err
}

// ClaimPasskeyChallenge uses a challenge up: of parallel tries one wins. It
// returns who must answer ("": whoever can). fault.NotFound: it was not given to
// this browser for this purpose, or was used, or is too old at now.
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
