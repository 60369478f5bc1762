package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"latchkey/authserver"
	"latchkey/pkg/database"
)

// list is a table that the operator looks through.
type list struct {
	query *gorm.DB
	table string
	name  string // column of OrderName
	// text is where a searched text may stand, beside the row's id.
	text []string
}

// count applies what was searched for and returns how many rows there are.
func (l *list) count(q authserver.Search) (int, error) {
	if text := strings.TrimSpace(q.Text); text != "" {
		like := "%" + likeEscape.Replace(strings.ToLower(text)) + "%"
		conditions, args := []string{"CAST(" + l.table + ".id AS text) = ?"}, []any{text}
		for _, column := range l.text {
			conditions, args = append(conditions, "lower("+column+`) LIKE ? ESCAPE '\'`), append(args, like)
		}
		l.query = l.query.Where(strings.Join(conditions, " OR "), args...)
	}
	return database.Count(l.query.Session(&gorm.Session{}))
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// page is the rows of the page and one more, which tells that there is a next one.
func (l *list) page(q authserver.Search) *gorm.DB {
	query, id, created := l.query.Session(&gorm.Session{}), l.table+".id", l.table+".created_at"
	switch {
	case q.Order == authserver.OrderName:
		if q.After.ID != "" {
			query = query.Where("("+l.name+", CAST("+id+" AS text)) > (?, ?)", q.After.By, q.After.ID)
		}
		query = query.Order(l.name + ", CAST(" + id + " AS text)")
	default:
		if q.After.ID != "" {
			query = query.Where("("+created+", CAST("+id+" AS text)) < (?, ?)", q.After.Created(), q.After.ID)
		}
		query = query.Order(created + " DESC, CAST(" + id + " AS text) DESC")
	}
	return query.Limit(q.Limit + 1)
}

// found cuts the row off that is one too many.
func found[T any](rows []T, total int, q authserver.Search, place func(*T) authserver.Place) authserver.Found[T] {
	page := authserver.Found[T]{Rows: rows, Total: total}
	if len(rows) > q.Limit {
		page.Rows = rows[:q.Limit]
		page.Next = place(&page.Rows[q.Limit-1])
	}
	return page
}

type userRow struct {
	authserver.User
	FamilyName string `gorm:"->"`
}

func (userRow) TableName() string { return "users" }

// SearchUsers returns a page of the users that were not deleted for good.
func (s *Store) SearchUsers(ctx context.Context, q authserver.Search) (authserver.Found[authserver.UserEntry], error) {
	query := s.rows(ctx).Table("users").Joins("JOIN families ON families.id = users.family_id").Where("users.deleted_at IS NULL")
	switch q.State {
	case authserver.UserActive:
		query = query.Where("users.deactivated_at IS NULL")
	case authserver.UserClosed:
		query = query.Where("users.erase_at IS NOT NULL")
	case authserver.UserDeactivated:
		query = query.Where("users.deactivated_at IS NOT NULL AND users.erase_at IS NULL")
	case authserver.UserNoFactor:
		query = query.Where("users.deactivated_at IS NULL AND NOT users.second_factor")
	case authserver.UserOperator:
		query = query.Where("users.operator")
	}
	l := list{query, "users", "users.email", []string{"users.email", "users.former_email", "users.first_name", "users.last_name", "families.name"}}
	total, err := l.count(q)
	if err != nil {
		return authserver.Found[authserver.UserEntry]{}, err
	}
	rows, err := database.Find[userRow](l.page(q).Select(userSearchColumns))
	if err != nil {
		return authserver.Found[authserver.UserEntry]{}, err
	}
	entries := database.Mapped(rows, func(r userRow) authserver.UserEntry {
		r.User.FamilyName = r.FamilyName
		return authserver.UserEntry{User: r.User}
	})
	page := found(entries, total, q, func(u *authserver.UserEntry) authserver.Place {
		return authserver.NewPlace(q.Order, u.Email, u.CreatedAt, u.ID)
	})
	return page, s.addSeen(ctx, page.Rows)
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

const userSearchColumns = `users.id, users.family_id, families.name AS family_name, users.role, users.operator, ` + knownEmail + `,
	users.first_name, users.last_name, users.second_factor, users.created_at, users.deactivated_at, users.erase_at`

// addSeen adds when and where users were seen at a browser last.
func (s *Store) addSeen(ctx context.Context, users []authserver.UserEntry) error {
	type seen struct {
		UserID, UserAgent string
		SeenAt            time.Time
	}
	ids := database.Mapped(users, func(u authserver.UserEntry) string { return u.ID })
	rows, err := database.Find[seen](s.rows(ctx).Table("signins").Select("user_id, user_agent, seen_at").Where("user_id IN ?", ids).Order("seen_at"))
	for i := range users {
		for n := range rows {
			if rows[n].UserID == users[i].ID {
				users[i].SeenAt, users[i].UserAgent = &rows[n].SeenAt, rows[n].UserAgent
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
	l := list{s.rows(ctx).Table("families").Where("families.name <> ''"), "families", "families.name", []string{"families.name"}}
	total, err := l.count(q)
	if err != nil {
		return authserver.Found[authserver.FamilyEntry]{}, err
	}
	rows, err := database.Find[authserver.FamilyEntry](l.page(q).Select("families.id, families.name, families.created_at, " +
		"(SELECT count(*) FROM users u WHERE u.family_id = families.id AND u.deactivated_at IS NULL) AS members"))
	return found(rows, total, q, func(f *authserver.FamilyEntry) authserver.Place {
		return authserver.NewPlace(q.Order, f.Name, f.CreatedAt, f.ID)
	}), err
}

// SearchClients returns a page of the clients.
func (s *Store) SearchClients(ctx context.Context, q authserver.Search) (authserver.Found[*authserver.Client], error) {
	var none authserver.Found[*authserver.Client]
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
	l := list{query, "clients", "clients.name", []string{"clients.name", "clients.redirect_uris"}}
	total, err := l.count(q)
	if err != nil {
		return none, err
	}
	clients, err := readClients(l.page(q))
	return found(clients, total, q, func(c **authserver.Client) authserver.Place {
		return authserver.NewPlace(q.Order, (*c).Name, (*c).CreatedAt, (*c).ID)
	}), err
}

// SearchAPIKeys returns a page of everybody's API keys.
func (s *Store) SearchAPIKeys(ctx context.Context, q authserver.Search, now time.Time) (authserver.Found[authserver.KeyEntry], error) {
	var none authserver.Found[authserver.KeyEntry]
	query := s.rows(ctx).Table("api_keys AS k").Joins("JOIN users AS u ON u.id = k.user_id")
	const live = "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?) AND (k.overlap_until IS NULL OR k.overlap_until > ?)"
	switch q.State {
	case authserver.KeyLive:
		query = query.Where(live, now, now)
	case authserver.KeyEnded:
		query = query.Where("NOT ("+live+")", now, now)
	}
	l := list{query, "k", "k.name", []string{"k.name", "u.email", "k.last_four"}}
	total, err := l.count(q)
	if err != nil {
		return none, err
	}
	keys, err := keysOf(l.page(q).Select(keyColumns + ", u.email"))
	return found(keys, total, q, func(k *authserver.KeyEntry) authserver.Place {
		return authserver.NewPlace(q.Order, k.Name, k.CreatedAt, k.ID)
	}), err
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

// CountInstance returns how much there is of what.
func (s *Store) CountInstance(ctx context.Context) (authserver.InstanceCounts, error) {
	var c authserver.InstanceCounts
	err := s.db.QueryRow(ctx, `SELECT (SELECT count(*) FROM users WHERE deactivated_at IS NULL), (SELECT count(*) FROM families WHERE name <> ''),
		(SELECT count(*) FROM clients), (SELECT count(*) FROM grants WHERE redeemed_at IS NOT NULL AND ended_at IS NULL),
		(SELECT count(*) FROM api_keys WHERE revoked_at IS NULL), (SELECT count(*) FROM outbox WHERE done_at IS NULL)`).
		Scan(&c.Users, &c.Families, &c.Clients, &c.Grants, &c.Keys, &c.Outbox)
	return c, err
}
