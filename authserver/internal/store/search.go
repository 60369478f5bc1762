package store

import (
	"context"
	"strconv"
	"time"

	"gorm.io/gorm"

	"latchkey/authserver"
	"latchkey/pkg/database"
)

type userRow struct {
	authserver.User
	FamilyName   string `gorm:"->"`
	SignedInAt   time.Time
	SignedInWith string
}

func (userRow) TableName() string { return "users" }

// SearchUsers returns a page of the users that were not deleted for good.
func (s *Store) SearchUsers(ctx context.Context, q authserver.Search, now time.Time) (authserver.Found[authserver.UserEntry], error) {
	query := s.rows(ctx).Table("users").Joins("JOIN families ON families.id = users.family_id").Where("users.deleted_at IS NULL")
	switch q.State {
	case authserver.UserActive:
		query = query.Where("users.deactivated_at IS NULL")
	case authserver.UserClosed:
		query = query.Where("users.erase_at IS NOT NULL")
	case authserver.UserDeactivated:
		query = query.Where("users.deactivated_at IS NOT NULL AND users.erase_at IS NULL")
	case authserver.UserOperator:
		query = query.Where("users.operator")
	}
	if q.Factor != "" {
		query = query.Where("users.second_factor = ?", q.Factor == authserver.FactorOn)
	}
	switch q.Signin {
	case "":
	case authserver.SigninNever:
		query = query.Where("users.signed_in_at = ?", authserver.NeverSignedIn)
	case authserver.SigninNot90:
		query = query.Where("users.signed_in_at < ?", now.AddDate(0, 0, -90))
	default:
		days, err := strconv.Atoi(q.Signin)
		if err != nil {
			return authserver.Found[authserver.UserEntry]{}, err
		}
		query = query.Where("users.signed_in_at >= ?", now.AddDate(0, 0, -days))
	}
	found, err := list[authserver.UserEntry]{
		query: query, table: "users", columns: userSearchColumns, name: "users.email",
		text: []string{"users.email", "users.former_email", "users.first_name", "users.last_name", "families.name"}, read: usersOf,
		place: func(order string, u *authserver.UserEntry) authserver.Place {
			at := u.CreatedAt
			if order == authserver.OrderSignin {
				at = u.SignedInAt
			}
			return authserver.NewPlace(order, u.Email, at, u.ID)
		},
	}.page(q)
	if err != nil {
		return found, err
	}
	return found, s.addSeen(ctx, found.Rows)
}

func usersOf(query *gorm.DB) ([]authserver.UserEntry, error) {
	rows, err := database.Find[userRow](query)
	return database.Mapped(rows, func(r userRow) authserver.UserEntry {
		r.User.FamilyName = r.FamilyName
		return authserver.UserEntry{User: r.User, SignedInAt: r.SignedInAt.UTC(), SignedInWith: r.SignedInWith}
	}), err
}

// knownEmail is the address of a user, after the account was closed too.
const knownEmail = `CASE WHEN users.former_email <> '' THEN users.former_email ELSE users.email END AS email`

// UserEmails returns the addresses of users by their ids, without those that were deleted
// for good.
func (s *Store) UserEmails(ctx context.Context, ids []string) (map[string]string, error) {
	rows, err := database.Find[userRow](s.rows(ctx).Table("users").Where("deleted_at IS NULL AND id IN ?", ids).Select("id, " + knownEmail))
	emails := make(map[string]string, len(rows))
	for i := range rows {
		emails[rows[i].ID] = rows[i].Email
	}
	return emails, err
}

// NamesOf returns what is called how, by its id: API keys, passkeys, devices, invitations,
// invites, connected accounts, registration tokens and clients, ended or not. By hand: one round trip.
func (s *Store) NamesOf(ctx context.Context, ids, clients []string) (map[string]string, error) {
	rows, err := database.Find[struct{ ID, Name string }](s.rows(ctx).Raw(`SELECT CAST(id AS text) AS id, name FROM api_keys WHERE id IN @ids
		UNION ALL SELECT CAST(id AS text), name FROM passkeys WHERE id IN @ids
		UNION ALL SELECT CAST(id AS text), name FROM devices WHERE id IN @ids
		UNION ALL SELECT CAST(id AS text), email FROM invitations WHERE id IN @ids
		UNION ALL SELECT CAST(id AS text), CASE note WHEN '' THEN email ELSE note END FROM invites WHERE id IN @ids
		UNION ALL SELECT CAST(id AS text), CASE email WHEN '' THEN provider ELSE email END FROM identities WHERE id IN @ids
		UNION ALL SELECT CAST(id AS text), note FROM registration_tokens WHERE id IN @ids
		UNION ALL SELECT id, name FROM clients WHERE id IN @clients`, map[string]any{"ids": ids, "clients": clients}))
	names := make(map[string]string, len(rows))
	for _, row := range rows {
		names[row.ID] = row.Name
	}
	return names, err
}

const userSearchColumns = `users.id, users.family_id, families.name AS family_name, users.role, users.operator, ` + knownEmail + `,
	users.first_name, users.last_name, users.second_factor, users.created_at, users.deactivated_at, users.erase_at,
	users.signed_in_at, users.signed_in_with`

// addSeen adds when users were seen at a browser last.
func (s *Store) addSeen(ctx context.Context, users []authserver.UserEntry) error {
	type seen struct {
		UserID string
		SeenAt time.Time
	}
	ids := database.Mapped(users, func(u authserver.UserEntry) string { return u.ID })
	rows, err := database.Find[seen](s.rows(ctx).Table("signins").Select("user_id, seen_at").Where("user_id IN ?", ids).Order("seen_at"))
	for i := range users {
		for n := range rows {
			if rows[n].UserID == users[i].ID {
				users[i].SeenAt = &rows[n].SeenAt
			}
		}
	}
	return err
}

// SetOperator says whether an active user may look after the instance. false: the
// user is not active, or it is so already.
func (s *Store) SetOperator(ctx context.Context, userID string, on bool) (bool, error) {
	return wroteOne(s.user(ctx, userID).Where("deactivated_at IS NULL AND operator = ?", !on).Update("operator", on))
}

// CountOperators returns how many active users may look after the instance, and
// holds them until the transaction ends.
func (s *Store) CountOperators(ctx context.Context) (int, error) {
	ids, err := collect(ctx, s, func(id *string) []any { return []any{id} },
		s.locking(`SELECT id FROM users WHERE operator AND deactivated_at IS NULL ORDER BY id FOR UPDATE`))
	return len(ids), err
}

// SearchFamilies returns a page of the families, without those that everybody has left
// for good.
func (s *Store) SearchFamilies(ctx context.Context, q authserver.Search) (authserver.Found[authserver.FamilyEntry], error) {
	return list[authserver.FamilyEntry]{
		query: s.rows(ctx).Table("families").Where("families.name <> ''"), table: "families", name: "families.name", text: []string{"families.name"},
		columns: "families.id, families.name, families.created_at, " +
			"(SELECT count(*) FROM users u WHERE u.family_id = families.id AND u.deactivated_at IS NULL) AS members",
		place: func(order string, f *authserver.FamilyEntry) authserver.Place {
			return authserver.NewPlace(order, f.Name, f.CreatedAt, f.ID)
		},
	}.page(q)
}

// SearchClients returns a page of the clients.
func (s *Store) SearchClients(ctx context.Context, q authserver.Search) (authserver.Found[*authserver.Client], error) {
	query := s.rows(ctx).Table("clients")
	switch q.State {
	case authserver.ClientVouched:
		query = query.Where("owner_id IS NULL AND introduced = ''")
	case authserver.ClientOwned:
		query = query.Where("owner_id IS NOT NULL")
	case authserver.ClientIntroduced:
		query = query.Where("introduced <> ''")
	case authserver.ClientServer:
		query = query.Where("resource_server")
	case authserver.ClientDisabled:
		query = query.Where("disabled_at IS NOT NULL")
	}
	return list[*authserver.Client]{
		query: query, table: "clients", columns: "*", name: "clients.name", text: []string{"clients.name", "clients.redirect_uris"}, named: true, read: readClients,
		place: func(order string, c **authserver.Client) authserver.Place {
			return authserver.NewPlace(order, (*c).Name, (*c).CreatedAt, (*c).ID)
		},
	}.page(q)
}

// SearchAPIKeys returns a page of everybody's API keys.
func (s *Store) SearchAPIKeys(ctx context.Context, q authserver.Search, now time.Time) (authserver.Found[authserver.KeyEntry], error) {
	query := s.rows(ctx).Table("api_keys AS k").Joins("JOIN users AS u ON u.id = k.user_id")
	const live = "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?) AND (k.overlap_until IS NULL OR k.overlap_until > ?)"
	switch q.State {
	case authserver.KeyLive:
		query = query.Where(live, now, now)
	case authserver.KeyEnded:
		query = query.Where("NOT ("+live+")", now, now)
	}
	return list[authserver.KeyEntry]{
		query: query, table: "k", columns: keyColumns + ", u.email", name: "k.name", text: []string{"k.name", "u.email", "k.last_four"}, read: keysOf,
		place: func(order string, k *authserver.KeyEntry) authserver.Place {
			return authserver.NewPlace(order, k.Name, k.CreatedAt, k.ID)
		},
	}.page(q)
}

func keysOf(query *gorm.DB) ([]authserver.KeyEntry, error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, database.Translate(err)
	}
	defer rows.Close() //nolint:errcheck // Err is checked below
	var keys []authserver.KeyEntry
	for rows.Next() {
		var row keyRow
		var email string
		if err := rows.Scan(append(keyFields(&row), &email)...); err != nil {
			return nil, err
		}
		k, err := row.key()
		if err != nil {
			return nil, err
		}
		keys = append(keys, authserver.KeyEntry{APIKey: k, Email: email})
	}
	return keys, database.Translate(rows.Err())
}
