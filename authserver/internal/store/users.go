package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
)

// Users are found by hand: every page and every sign-in finds one, together with the
// name of the family and in a round trip that others share.

const userColumns = `u.id, u.family_id, f.name, u.role, u.operator, u.email, u.password_hash, u.password_changed_at, u.first_name, u.last_name,
	u.ui_layout, u.ai_enabled, u.second_factor, u.created_at, u.deactivated_at,
	u.erase_at, u.review, u.email_confirmed_at, u.language,
	u.theme, u.chosen_language, u.time_zone`

func userFields(u *authserver.User) []any {
	return []any{
		&u.ID, &u.FamilyID, &u.FamilyName, &u.Role, &u.Operator, &u.Email, &u.PasswordHash, &u.PasswordAt, &u.FirstName, &u.LastName,
		&u.UILayout, &u.AIEnabled, &u.SecondFactor, &u.CreatedAt, &u.DeactivatedAt, &u.EraseAt, &u.Review,
		&u.EmailConfirmedAt, &u.Language, &u.Theme, &u.ChosenLanguage, &u.TimeZone,
	}
}

// CreateUser stores a user of an existing family. fault.Conflict: the address
// belongs to somebody already.
func (s *Store) CreateUser(ctx context.Context, u *authserver.User) error {
	_, err := s.db.Exec(ctx, `INSERT INTO users (id, family_id, role, operator, email, password_hash, first_name,
		last_name, ui_layout, ai_enabled, second_factor, created_at, deactivated_at, email_confirmed_at, language, password_changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		u.ID, u.FamilyID, u.Role, u.Operator, u.Email, u.PasswordHash, u.FirstName,
		u.LastName, u.UILayout, u.AIEnabled, u.SecondFactor, u.CreatedAt, u.DeactivatedAt, u.EmailConfirmedAt, u.Language, u.PasswordAt)
	if database.IsUnique(err, "users_email", "users.email") {
		return fault.Wrap(fault.Conflict, err, "Email has already been taken")
	}
	return err
}

// ClaimOperator makes userID the operator of the instance if nobody is yet:
// one statement decides between first sign-ups that arrive together.
func (s *Store) ClaimOperator(ctx context.Context, userID string, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `INSERT INTO operator_claim (id, user_id, claimed_at) VALUES (1, $1, $2)
		ON CONFLICT (id) DO NOTHING`, userID, now)
	return n == 1, err
}

// user is one user's row, for a change of it.
func (s *Store) user(ctx context.Context, id string) *gorm.DB {
	return s.rows(ctx).Table("users").Where("id = ?", id)
}

// FindUser returns a user by id, fault.NotFound when there is none.
func (s *Store) FindUser(ctx context.Context, id string) (*authserver.User, error) {
	return s.findUser(ctx, `u.id = $1`, id)
}

// FindUserByEmail returns a user by normalized address, fault.NotFound when
// there is none.
func (s *Store) FindUserByEmail(ctx context.Context, email string) (*authserver.User, error) {
	return s.findUser(ctx, `u.email = $1`, email)
}

func (s *Store) findUser(ctx context.Context, where string, args ...any) (*authserver.User, error) {
	var u authserver.User
	err := s.db.ReadRowBatched(ctx, `SELECT `+userColumns+` FROM users u JOIN families f ON f.id = u.family_id
		WHERE `+where, args...).Scan(userFields(&u)...)
	return orNotFound(&u, err)
}

// orNotFound turns an empty answer into fault.NotFound.
func orNotFound[T any](found *T, err error) (*T, error) {
	if errors.Is(err, database.ErrNoRows) {
		return nil, database.Translate(err)
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}
