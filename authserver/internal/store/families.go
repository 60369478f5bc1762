package store

import (
	"context"
	"regexp"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
)

// CreateFamily stores a new family.
func (s *Store) CreateFamily(ctx context.Context, f authserver.Family) error {
	_, err := s.db.Exec(ctx, `INSERT INTO families (id, name, created_at) VALUES ($1, $2, $3)`, f.ID, f.Name, f.CreatedAt)
	return err
}

// LockFamily holds the family until the transaction ends, so that decisions
// about its members are made one after the other.
func (s *Store) LockFamily(ctx context.Context, id string) error {
	var found string
	err := s.db.QueryRow(ctx, s.locking(`SELECT id FROM families WHERE id = $1 FOR UPDATE`), id).Scan(&found)
	_, err = orNotFound(&found, err)
	return err
}

// locking removes the clauses that lock rows on SQLite, where transactions run one
// after the other anyway.
func (s *Store) locking(text string) string {
	if s.db.Engine() == database.SQLite {
		text = locks.ReplaceAllString(text, "")
	}
	return text
}

var locks = regexp.MustCompile(`\s+FOR (UPDATE|NO KEY UPDATE|SHARE)( OF \w+(, \w+)*)?( SKIP LOCKED)?`)

// LockUser holds an active user until the transaction ends: nobody deactivates
// the user or changes the password meanwhile. fault.NotFound: the user is not
// active, or the password is not hash any more.
func (s *Store) LockUser(ctx context.Context, id, hash string) error {
	var found string
	err := s.db.QueryRow(ctx, s.locking(`SELECT id FROM users WHERE id = $1 AND password_hash = $2
		AND deactivated_at IS NULL FOR SHARE`), id, hash).Scan(&found)
	_, err = orNotFound(&found, err)
	return err
}

// RenameFamily gives the family another name.
func (s *Store) RenameFamily(ctx context.Context, id, name string) error {
	_, err := s.db.Exec(ctx, `UPDATE families SET name = $2 WHERE id = $1`, id, name)
	return err
}

// ListMembers returns the active users of a family, in the order they came.
func (s *Store) ListMembers(ctx context.Context, familyID string) ([]authserver.User, error) {
	return collect(ctx, s, userFields, `SELECT `+userColumns+` FROM users u JOIN families f ON f.id = u.family_id
		WHERE u.family_id = $1 AND u.deactivated_at IS NULL ORDER BY u.created_at, u.id`, familyID)
}

// MoveUser puts a user into another family with a role.
func (s *Store) MoveUser(ctx context.Context, userID, familyID, role string) error {
	_, err := s.db.Exec(ctx, `UPDATE users SET family_id = $2, role = $3 WHERE id = $1`, userID, familyID, role)
	return err
}

// DeleteConsents forgets everything a user allowed.
func (s *Store) DeleteConsents(ctx context.Context, userID string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM consents WHERE user_id = $1`, userID)
	return err
}

// Deactivate frees the user's address and stops everything the user can do.
// keepEmail: it can be taken back. false: the user was not active.
func (s *Store) Deactivate(ctx context.Context, userID string, keepEmail bool, now time.Time) (bool, error) {
	former, deleted := `''`, `$2`
	if keepEmail {
		former, deleted = `email`, `NULL`
	}
	n, err := s.db.Exec(ctx, `UPDATE users SET deactivated_at = $2, former_email = `+former+`, deleted_at = `+deleted+`,
		email = $3 WHERE id = $1 AND deactivated_at IS NULL`, userID, now, "deactivated-"+userID+"@deactivated.invalid")
	return n == 1, err
}

// Reactivate takes a deactivation back. fault.NotFound: the user is not
// deactivated, or deleted; fault.Conflict: the address has another owner now.
func (s *Store) Reactivate(ctx context.Context, userID string) error {
	n, err := s.db.Exec(ctx, `UPDATE users SET deactivated_at = NULL, erase_at = NULL, former_email = '',
		email = CASE WHEN former_email = '' THEN email ELSE former_email END
		WHERE id = $1 AND deactivated_at IS NOT NULL AND deleted_at IS NULL AND (former_email <> '' OR erase_at IS NOT NULL)`, userID)
	if database.IsUnique(err, "users_email", "users.email") {
		return fault.Wrap(fault.Conflict, err, "Email has already been taken")
	}
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "There is no such deactivated user")
	}
	return err
}

// ForgetUser erases the data of a deleted user and keeps the row itself, so that
// old credentials are still refused with the reason: the account is deactivated.
func (s *Store) ForgetUser(ctx context.Context, userID string, now time.Time) error {
	for _, text := range []string{
		`DELETE FROM signins WHERE user_id = $1`, `DELETE FROM pending_signins WHERE user_id = $1`,
		`DELETE FROM consents WHERE user_id = $1`, `DELETE FROM second_factors WHERE user_id = $1`,
		`DELETE FROM second_factor_setups WHERE user_id = $1`, `DELETE FROM known_browsers WHERE user_id = $1`,
		`DELETE FROM recovery_codes WHERE user_id = $1`, `DELETE FROM grants WHERE user_id = $1 AND redeemed_at IS NULL`,
		`DELETE FROM devices WHERE user_id = $1`, `DELETE FROM links WHERE user_id = $1`,
		`DELETE FROM passkeys WHERE user_id = $1`, `DELETE FROM passkey_challenges WHERE user_id = $1`,
	} {
		if _, err := s.db.Exec(ctx, text, userID); err != nil {
			return err
		}
	}
	if err := s.ForgetIdentities(ctx, userID); err != nil {
		return err
	}
	_, err := s.db.Exec(ctx, `UPDATE users SET deleted_at = $3, former_email = '', first_name = '', last_name = '', password_hash = '',
		second_factor = false, erase_at = NULL, email = $2 WHERE id = $1`, userID, "deactivated-"+userID+"@deactivated.invalid", now)
	return err
}

// ListUsers returns every user that was not deleted, newest last.
func (s *Store) ListUsers(ctx context.Context) ([]authserver.User, error) {
	return collect(ctx, s, userFields, `SELECT `+strings.Replace(userColumns, "u.email", `CASE WHEN u.former_email <> ''
		THEN u.former_email ELSE u.email END`, 1)+` FROM users u JOIN families f ON f.id = u.family_id
		WHERE u.deleted_at IS NULL ORDER BY u.created_at, u.id`)
}

// SetAIEnabled stores the person's preference.
func (s *Store) SetAIEnabled(ctx context.Context, userID string, on bool) error {
	_, err := s.db.Exec(ctx, `UPDATE users SET ai_enabled = $2 WHERE id = $1`, userID, on)
	return err
}
