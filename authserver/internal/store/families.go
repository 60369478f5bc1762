package store

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"gorm.io/gorm"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
)

// CreateFamily stores a new family.
func (s *Store) CreateFamily(ctx context.Context, f authserver.Family) error {
	return database.ErrorOf(s.rows(ctx).Create(&f))
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
// the user or changes what signs in meanwhile. fault.NotFound: the user is not
// active, or has another password than u, or a second factor that u has not.
func (s *Store) LockUser(ctx context.Context, u *authserver.User) error {
	var found string
	err := s.db.QueryRow(ctx, s.locking(`SELECT id FROM users WHERE id = $1 AND password_hash = $2
		AND (second_factor = $3 OR $3) AND deactivated_at IS NULL FOR SHARE`), u.ID, u.PasswordHash, u.SecondFactor).Scan(&found)
	_, err = orNotFound(&found, err)
	return err
}

// HoldUser holds an active user until the transaction ends: what the user owns changes
// in one transaction at a time, and the user stays active. What has let the request of ctx
// in is held with it (authserver.Admission), so what lets people in later is made before
// an end, and ended there, or not made. fault.NotFound: there is no such user.
// authserver.ErrNotAdmitted: what let the request in has ended.
func (s *Store) HoldUser(ctx context.Context, id string) error {
	var found string
	err := s.db.QueryRow(ctx, s.locking(`SELECT id FROM users WHERE id = $1 AND deactivated_at IS NULL FOR NO KEY UPDATE`), id).Scan(&found)
	if _, err := orNotFound(&found, err); err != nil {
		return err
	}
	by := authserver.AdmissionOf(ctx)
	if err := s.holdLive(ctx, `SELECT id FROM signins WHERE id = $1 AND ended_at IS NULL FOR SHARE`, by.SigninID); err != nil {
		return err
	}
	return s.holdLive(ctx, `SELECT id FROM grants WHERE id = $1 AND ended_at IS NULL FOR SHARE`, by.GrantID)
}

// holdLive holds the row of an id; "": there is none to hold.
func (s *Store) holdLive(ctx context.Context, find, id string) error {
	if id == "" {
		return nil
	}
	var found string
	err := s.db.QueryRow(ctx, s.locking(find), id).Scan(&found)
	if errors.Is(err, database.ErrNoRows) {
		return authserver.ErrNotAdmitted
	}
	return err
}

// RenameFamily gives the family another name.
func (s *Store) RenameFamily(ctx context.Context, id, name string) error {
	return database.ErrorOf(s.rows(ctx).Model(&authserver.Family{}).Where("id = ?", id).Update("name", name))
}

// ForgetFamily takes a family's name, if everybody has left for good. Its id stays with
// them, so that it is not given away again.
func (s *Store) ForgetFamily(ctx context.Context, id string) error {
	return database.ErrorOf(s.rows(ctx).Model(&authserver.Family{}).
		Where("id = ? AND NOT EXISTS (SELECT 1 FROM users u WHERE u.family_id = families.id AND u.deleted_at IS NULL)", id).Update("name", ""))
}

// ListMembers returns the active users of a family, in the order they came.
func (s *Store) ListMembers(ctx context.Context, familyID string) ([]authserver.User, error) {
	return collect(ctx, s, userFields, `SELECT `+userColumns+` FROM users u JOIN families f ON f.id = u.family_id
		WHERE u.family_id = $1 AND u.deactivated_at IS NULL ORDER BY u.created_at, u.id`, familyID)
}

// MoveUser puts a user into another family with a role.
func (s *Store) MoveUser(ctx context.Context, userID, familyID, role string) error {
	return database.ErrorOf(s.user(ctx, userID).Updates(map[string]any{"family_id": familyID, "role": role}))
}

// DeleteConsents forgets everything a user allowed.
func (s *Store) DeleteConsents(ctx context.Context, userID string) error {
	return database.ErrorOf(s.rows(ctx).Table("consents").Where("user_id = ?", userID).Delete(nil))
}

// noEmail is what stands in the place of the address of a user who gave it up.
func noEmail(userID string) string { return "deactivated-" + userID + "@deactivated.invalid" }

// Deactivate frees the user's address and stops everything the user can do.
// keepEmail: it can be taken back. false: the user was not active.
func (s *Store) Deactivate(ctx context.Context, userID string, keepEmail bool, now time.Time) (bool, error) {
	change := map[string]any{"deactivated_at": now, "former_email": "", "deleted_at": now, "email": noEmail(userID)}
	if keepEmail {
		change["former_email"], change["deleted_at"] = gorm.Expr("email"), nil
	}
	return wroteOne(s.user(ctx, userID).Where("deactivated_at IS NULL").Updates(change))
}

// Reactivate takes a deactivation back. fault.NotFound: the user is not
// deactivated, or deleted; fault.Conflict: the address has another owner now.
func (s *Store) Reactivate(ctx context.Context, userID string) error {
	back, err := wroteOne(s.user(ctx, userID).Where("deactivated_at IS NOT NULL AND deleted_at IS NULL").
		Where("former_email <> '' OR erase_at IS NOT NULL").
		Updates(map[string]any{
			"deactivated_at": nil, "erase_at": nil, "former_email": "",
			"email": gorm.Expr("CASE WHEN former_email = '' THEN email ELSE former_email END"),
		}))
	if database.IsUnique(err, "users_email", "users.email") {
		return fault.Wrap(fault.Conflict, err, "Email has already been taken")
	}
	if err == nil && !back {
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
		`DELETE FROM second_factor_setups WHERE user_id = $1`, `DELETE FROM known_browsers WHERE user_id = $1`, `DELETE FROM letter_counts WHERE user_id = $1`,
		`DELETE FROM recovery_codes WHERE user_id = $1`, `DELETE FROM grants WHERE user_id = $1 AND redeemed_at IS NULL`,
		`DELETE FROM devices WHERE user_id = $1`, `DELETE FROM links WHERE user_id = $1`,
		`DELETE FROM passkeys WHERE user_id = $1`, `DELETE FROM passkey_challenges WHERE user_id = $1`,
		`DELETE FROM sso_codes WHERE user_id = $1`, `DELETE FROM sso_login_states WHERE user_id = $1`,
	} {
		if _, err := s.db.Exec(ctx, text, userID); err != nil {
			return err
		}
	}
	if err := s.ForgetIdentities(ctx, userID); err != nil {
		return err
	}
	if err := s.rows(ctx).Where("subject = ? AND kind = ?", userID, authserver.OutboxEmail).Delete(&outboxRow{}).Error; err != nil {
		return err
	}
	return database.ErrorOf(s.user(ctx, userID).Updates(map[string]any{
		"deleted_at": now, "former_email": "", "first_name": "", "last_name": "", "password_hash": "",
		"second_factor": false, "erase_at": nil, "email_confirmed_at": nil, "email": noEmail(userID),
		"signed_in_at": authserver.NeverSignedIn, "signed_in_with": "",
	}))
}

// ListUsers returns every user that was not deleted, newest last.
func (s *Store) ListUsers(ctx context.Context) ([]authserver.User, error) {
	return s.listUndeleted(ctx, `true`)
}

// ListAway returns the members of a family who are not active and may come back.
func (s *Store) ListAway(ctx context.Context, familyID string) ([]authserver.User, error) {
	return s.listUndeleted(ctx, `u.family_id = $1 AND u.deactivated_at IS NOT NULL`, familyID)
}

func (s *Store) listUndeleted(ctx context.Context, where string, args ...any) ([]authserver.User, error) {
	return collect(ctx, s, userFields, `SELECT `+strings.Replace(userColumns, "u.email", `CASE WHEN u.former_email <> ''
		THEN u.former_email ELSE u.email END`, 1)+` FROM users u JOIN families f ON f.id = u.family_id
		WHERE u.deleted_at IS NULL AND `+where+` ORDER BY u.created_at, u.id`, args...)
}

// SetAIEnabled stores the person's preference.
func (s *Store) SetAIEnabled(ctx context.Context, userID string, on bool) error {
	return database.ErrorOf(s.user(ctx, userID).Update("ai_enabled", on))
}
