package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

type clientRow struct {
	ID                   string `gorm:"primaryKey"`
	Name                 string
	AuthMethod           string
	SecretDigest         []byte
	PreviousSecretDigest []byte
	PreviousSecretUntil  *time.Time
	RedirectURIs         string `gorm:"column:redirect_uris"` // one per line
	Scopes               string
	ResourceServer       bool
	FirstParty           bool
	OwnerID              *string
	CreatedAt            time.Time `gorm:"autoCreateTime:false"`
	RefreshOverlap       int64     // seconds
	DisabledAt           *time.Time
	Introduced           string
	Keys                 string
	Management           []byte
	Shared               []byte // of what equal registrations share; null: it is not shared
	SeenAt               *time.Time
	LocalhostPorts       bool
	PushedOnly           bool
	DeviceGrant          bool
}

func (clientRow) TableName() string { return "clients" }

// FindClient returns the client with id, or fault.NotFound.
func (s *Store) FindClient(ctx context.Context, id string) (*authserver.Client, error) {
	var row clientRow
	err := database.Translate(s.db.ORM(ctx).Where("id = ?", id).Take(&row).Error)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(fault.NotFound, err, "Client not found")
	}
	if err != nil {
		return nil, err
	}
	return row.client()
}

// ListClients returns the clients of ownerID, or all when it is empty, oldest
// first.
func (s *Store) ListClients(ctx context.Context, ownerID string) ([]*authserver.Client, error) {
	q := s.db.ORM(ctx).Order("created_at, id")
	if ownerID != "" {
		q = q.Where("owner_id = ?", ownerID)
	}
	var rows []clientRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, database.Translate(err)
	}
	list := make([]*authserver.Client, 0, len(rows))
	for _, row := range rows {
		c, err := row.client()
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// CreateClient stores a new client. fault.Conflict: the id is taken.
func (s *Store) CreateClient(ctx context.Context, c *authserver.Client) error {
	row := newClientRow(c)
	err := database.Translate(s.db.ORM(ctx).Create(&row).Error)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "A client with this id exists")
	}
	return err
}

// UpdateClient stores every field of c that may change.
func (s *Store) UpdateClient(ctx context.Context, c *authserver.Client) error {
	row := newClientRow(c)
	res := s.db.ORM(ctx).Model(&clientRow{}).Where("id = ?", c.ID).Select(
		"name", "auth_method", "secret_digest", "previous_secret_digest", "previous_secret_until",
		"redirect_uris", "scopes", "refresh_overlap", "disabled_at").Updates(&row)
	if res.Error != nil {
		return database.Translate(res.Error)
	}
	if res.RowsAffected == 0 {
		return fault.New(fault.NotFound, "Client not found")
	}
	return nil
}

// ReplaceClientSecret stores the secrets of c in the place of old. false: the
// client is gone, or its secret is not old any more.
func (s *Store) ReplaceClientSecret(ctx context.Context, c *authserver.Client, old secret.Digest) (bool, error) {
	row := newClientRow(c)
	n, err := s.db.Exec(ctx, `UPDATE clients SET secret_digest = $3, previous_secret_digest = $4, previous_secret_until = $5
		WHERE id = $1 AND secret_digest = $2`, c.ID, old[:], row.SecretDigest, row.PreviousSecretDigest, row.PreviousSecretUntil)
	return n == 1, err
}

// DescribeClient stores what c says of itself and may ask for, and nothing else.
// fault.NotFound: the client is gone.
func (s *Store) DescribeClient(ctx context.Context, c *authserver.Client) error {
	n, err := s.db.Exec(ctx, `UPDATE clients SET name = $2, redirect_uris = $3, scopes = $4, refresh_overlap = $5,
		localhost_ports = $6, pushed_only = $7, device_grant = $8 WHERE id = $1`,
		c.ID, c.Name, strings.Join(c.RedirectURIs, "\n"), c.Scopes.String(), int64(c.RefreshOverlap/time.Second),
		c.LocalhostPorts, c.PushedOnly, c.DeviceGrant)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "Client not found")
	}
	return err
}

// CountClients returns how many clients ownerID has registered.
func (s *Store) CountClients(ctx context.Context, ownerID string) (int, error) {
	var n int
	err := s.db.QueryRow(ctx, `SELECT count(*) FROM clients WHERE owner_id = $1`, ownerID).Scan(&n)
	return n, err
}

// OwnedClients returns the ids of the clients a user has registered.
func (s *Store) OwnedClients(ctx context.Context, userID string) ([]string, error) {
	return collect(ctx, s, func(id *string) []any { return []any{id} },
		`SELECT id FROM clients WHERE owner_id = $1 ORDER BY created_at, id`, userID)
}

// DisableOwnedClients switches the clients of a user off at at; nil: on again.
func (s *Store) DisableOwnedClients(ctx context.Context, userID string, at *time.Time) error {
	_, err := s.db.Exec(ctx, `UPDATE clients SET disabled_at = $2 WHERE owner_id = $1`, userID, at)
	return err
}

// DeleteOwnedClients removes the clients of a user and, by cascade, what was
// issued to them.
func (s *Store) DeleteOwnedClients(ctx context.Context, userID string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM clients WHERE owner_id = $1`, userID)
	return err
}

// DisableClient switches a client off. fault.NotFound: there is none.
func (s *Store) DisableClient(ctx context.Context, id string, at time.Time) error {
	n, err := s.db.Exec(ctx, `UPDATE clients SET disabled_at = $2 WHERE id = $1`, id, at)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "Client not found")
	}
	return err
}

// DeleteClient removes the client and, by cascade, its grants and consents.
// fault.NotFound: there is none.
func (s *Store) DeleteClient(ctx context.Context, id string) error {
	n, err := s.db.Exec(ctx, `DELETE FROM clients WHERE id = $1`, id)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "Client not found")
	}
	return nil
}

func newClientRow(c *authserver.Client) clientRow {
	row := clientRow{
		ID: c.ID, Name: c.Name, AuthMethod: c.AuthMethod,
		SecretDigest:         digestBytes(c.SecretDigest),
		PreviousSecretDigest: digestBytes(c.PreviousSecretDigest),
		RedirectURIs:         strings.Join(c.RedirectURIs, "\n"), Scopes: c.Scopes.String(),
		ResourceServer: c.ResourceServer, FirstParty: c.FirstParty,
		CreatedAt: c.CreatedAt, RefreshOverlap: int64(c.RefreshOverlap / time.Second), DisabledAt: c.DisabledAt,
		Introduced: c.Introduced, Keys: c.Keys, Management: digestBytes(c.Management),
		LocalhostPorts: c.LocalhostPorts, PushedOnly: c.PushedOnly, DeviceGrant: c.DeviceGrant,
	}
	if !c.SeenAt.IsZero() {
		row.SeenAt = &c.SeenAt
	}
	if !c.PreviousSecretUntil.IsZero() {
		row.PreviousSecretUntil = &c.PreviousSecretUntil
	}
	if c.OwnerID != "" {
		row.OwnerID = &c.OwnerID
	}
	return row
}

func (row clientRow) client() (*authserver.Client, error) {
	scopes, err := scope.Parse(row.Scopes)
	if err != nil {
		return nil, fmt.Errorf("store: client %s: %w", row.ID, err)
	}
	c := &authserver.Client{
		ID: row.ID, Name: row.Name, AuthMethod: row.AuthMethod, Scopes: scopes,
		ResourceServer: row.ResourceServer, FirstParty: row.FirstParty,
		CreatedAt: row.CreatedAt.UTC(), RefreshOverlap: time.Duration(row.RefreshOverlap) * time.Second, DisabledAt: row.DisabledAt,
		Introduced: row.Introduced, Keys: row.Keys,
		LocalhostPorts: row.LocalhostPorts, PushedOnly: row.PushedOnly, DeviceGrant: row.DeviceGrant,
	}
	if row.SeenAt != nil {
		c.SeenAt = row.SeenAt.UTC()
	}
	if err := c.Management.Scan(nilIfEmpty(row.Management)); err != nil {
		return nil, fmt.Errorf("store: client %s: %w", row.ID, err)
	}
	if row.RedirectURIs != "" {
		c.RedirectURIs = strings.Split(row.RedirectURIs, "\n")
	}
	if err := c.SecretDigest.Scan(nilIfEmpty(row.SecretDigest)); err != nil {
		return nil, fmt.Errorf("store: client %s: %w", row.ID, err)
	}
	if err := c.PreviousSecretDigest.Scan(nilIfEmpty(row.PreviousSecretDigest)); err != nil {
		return nil, fmt.Errorf("store: client %s: %w", row.ID, err)
	}
	if row.PreviousSecretUntil != nil {
		c.PreviousSecretUntil = *row.PreviousSecretUntil
	}
	if row.OwnerID != nil {
		c.OwnerID = *row.OwnerID
	}
	return c, nil
}

func digestBytes(d secret.Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

func nilIfEmpty(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// EnsureFirstParty makes the built-in client of the product's own apps exist.
func (s *Store) EnsureFirstParty(ctx context.Context, now time.Time) error {
	_, err := s.db.Exec(ctx, `INSERT INTO clients (id, name, auth_method, redirect_uris, scopes, first_party, created_at)
		VALUES ($1, 'Latchkey apps', 'none', '', 'read_write', $2, $3) ON CONFLICT (id) DO NOTHING`,
		authserver.FirstPartyClientID, true, now)
	return err
}
