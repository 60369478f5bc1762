package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

type linkRow struct {
	authserver.Link
	MadeBy *string
	UsedAt *time.Time
}

func (linkRow) TableName() string { return "links" }

func (s *Store) unused(ctx context.Context) *gorm.DB {
	return s.rows(ctx).Model(&linkRow{}).Where("used_at IS NULL")
}

// CreateLink stores a link that was just made.
func (s *Store) CreateLink(ctx context.Context, l authserver.Link) error {
	return database.ErrorOf(s.rows(ctx).Create(&linkRow{Link: l, MadeBy: orNull(l.MadeBy)}))
}

// FindLink returns a link that can be used at now, and its user: an active one, or
// for LinkRestore a closed one. fault.NotFound: there is none. By hand: one
// statement for the link and its user.
func (s *Store) FindLink(ctx context.Context, kind string, digest secret.Digest, now time.Time) (*authserver.Link, *authserver.User, error) {
	l := authserver.Link{Digest: digest, Kind: kind}
	var u authserver.User
	err := s.db.QueryRow(ctx, `SELECT l.user_id, l.email, l.bound, l.created_at, l.expires_at, `+userColumns+`
		FROM links l JOIN users u ON u.id = l.user_id JOIN families f ON f.id = u.family_id
		WHERE l.digest = $1 AND l.kind = $2 AND l.used_at IS NULL AND l.expires_at > $3
			AND CASE WHEN l.kind = 'restore' THEN u.erase_at > $3 ELSE u.deactivated_at IS NULL END`,
		digest[:], kind, now).Scan(append([]any{&l.UserID, &l.Email, &l.Bound, &l.CreatedAt, &l.ExpiresAt}, userFields(&u)...)...)
	if _, err := orNotFound(&l, err); err != nil {
		return nil, nil, err
	}
	return &l, &u, nil
}

// ClaimLink uses a link: one statement decides between callers that come
// together. false: it is used, expired, or does not exist.
func (s *Store) ClaimLink(ctx context.Context, kind string, digest secret.Digest, now time.Time) (bool, error) {
	return wroteOne(s.unused(ctx).Where("digest = ? AND kind = ? AND expires_at > ?", digest, kind, now).Update("used_at", now))
}

// VoidLinks makes every unused link of a user useless.
func (s *Store) VoidLinks(ctx context.Context, userID string, now time.Time) error {
	return database.ErrorOf(s.unused(ctx).Where("user_id = ?", userID).Update("used_at", now))
}

// VoidHandedOut makes useless what a user has handed out as an operator: links, invite
// codes and initial access tokens.
func (s *Store) VoidHandedOut(ctx context.Context, userID string, now time.Time) error {
	if err := database.ErrorOf(s.unused(ctx).Where("made_by = ?", userID).Update("used_at", now)); err != nil {
		return err
	}
	open := s.rows(ctx).Model(&inviteRow{}).Where("made_by = ? AND used_at IS NULL AND revoked_at IS NULL", userID)
	if err := database.ErrorOf(open.Update("revoked_at", now)); err != nil {
		return err
	}
	tokens := s.rows(ctx).Model(&registrationTokenRow{}).Where("made_by = ? AND revoked_at IS NULL", userID)
	return database.ErrorOf(tokens.Update("revoked_at", now))
}

// ReplacePassword stores a new hash in the place of old. chosen is when the person chose
// the password; nil: it is the same password. false: the user is not active, or the hash
// is not old any more.
func (s *Store) ReplacePassword(ctx context.Context, userID, old, hash string, chosen *time.Time) (bool, error) {
	change := map[string]any{"password_hash": hash}
	if chosen != nil {
		change["password_changed_at"] = *chosen
	}
	return wroteOne(s.user(ctx, userID).Where("password_hash = ? AND deactivated_at IS NULL", old).Updates(change))
}

// ChangeEmail gives an active user another address, which was confirmed at a time;
// nil: it was not. false: the user is not active, or the address is not old any
// more. fault.Conflict: it belongs to somebody else.
func (s *Store) ChangeEmail(ctx context.Context, userID, old, email string, confirmed *time.Time) (bool, error) {
	changed, err := wroteOne(s.user(ctx, userID).Where("email = ? AND deactivated_at IS NULL", old).
		Updates(map[string]any{"email": email, "email_confirmed_at": confirmed}))
	if database.IsUnique(err, "users_email", "users.email") {
		return false, fault.Wrap(fault.Conflict, err, "Email has already been taken")
	}
	return changed, err
}

// SetNames stores how a user is called. false: the user is called otherwise than was, or
// is not active.
func (s *Store) SetNames(ctx context.Context, was *authserver.User, first, last string) (bool, error) {
	return wroteOne(s.user(ctx, was.ID).Where("deactivated_at IS NULL AND first_name = ? AND last_name = ?", was.FirstName, was.LastName).
		Updates(map[string]any{"first_name": first, "last_name": last}))
}

// ConfirmEmail notes that the address of an active user is the user's. false: the
// user is not active, or has another address.
func (s *Store) ConfirmEmail(ctx context.Context, userID, email string, now time.Time) (bool, error) {
	return wroteOne(s.user(ctx, userID).Where("email = ? AND deactivated_at IS NULL", email).
		Update("email_confirmed_at", gorm.Expr("coalesce(email_confirmed_at, ?)", now)))
}

// SetPreferences stores how a user likes pages to be, and that emails are in the language
// of choice.
func (s *Store) SetPreferences(ctx context.Context, userID string, p authserver.Preferences) error {
	changed := map[string]any{"theme": p.Theme, "chosen_language": p.Language, "time_zone": p.TimeZone}
	if p.Language != "" {
		changed["language"] = p.Language
	}
	return database.ErrorOf(s.user(ctx, userID).Updates(changed))
}

// SetLanguage stores which language a user reads.
func (s *Store) SetLanguage(ctx context.Context, userID, language string) error {
	return database.ErrorOf(s.user(ctx, userID).Update("language", language))
}
