package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

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
	StoppedAt            *time.Time
	Introduced           string
	Keys                 string
	Management           []byte
	Shared               []byte // of what equal registrations share; null: it is not shared
	SeenAt               *time.Time
	LocalhostPorts       bool
	PushedOnly           bool
	DeviceGrant          bool
	VerifiedTerms        string
	LogoURI              string `gorm:"column:logo_uri"`
	Logo                 string
	VerifiedLogo         string
}

func (clientRow) TableName() string { return "clients" }

func (s *Store) client(ctx context.Context, id string) *gorm.DB {
	return s.rows(ctx).Model(&clientRow{}).Where("id = ?", id)
}

func (s *Store) clientsOf(ctx context.Context, ownerID string) *gorm.DB {
	return s.rows(ctx).Model(&clientRow{}).Where("owner_id = ?", ownerID)
}

// foundClient returns the error of a statement on a client's row. fault.NotFound:
// there is no such row.
func foundClient(done *gorm.DB) error {
	found, err := wroteOne(done)
	if err == nil && !found {
		return fault.New(fault.NotFound, "Client not found")
	}
	return err
}

// FindClient returns the client with id, or fault.NotFound.
func (s *Store) FindClient(ctx context.Context, id string) (*authserver.Client, error) {
	row, err := database.Take[clientRow](s.rows(ctx).Where("id = ?", id))
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
	q := s.rows(ctx).Order("created_at, id")
	if ownerID != "" {
		q = q.Where("owner_id = ?", ownerID)
	}
	return readClients(q)
}

func readClients(query *gorm.DB) ([]*authserver.Client, error) {
	rows, err := database.Find[clientRow](query)
	if err != nil {
		return nil, err
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
	err := database.ErrorOf(s.rows(ctx).Create(&row))
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "A client with this id exists")
	}
	return err
}

// UpdateClient stores every field of c that may change.
func (s *Store) UpdateClient(ctx context.Context, c *authserver.Client) error {
	row := newClientRow(c)
	return foundClient(s.client(ctx, c.ID).Select(
		"name", "auth_method", "secret_digest", "previous_secret_digest", "previous_secret_until",
		"redirect_uris", "scopes", "refresh_overlap").Updates(&row))
}

// ReplaceClientSecret stores the secrets of c in the place of old. false: the
// client is gone, or its secret is not old any more.
func (s *Store) ReplaceClientSecret(ctx context.Context, c *authserver.Client, old secret.Digest) (bool, error) {
	row := newClientRow(c)
	return wroteOne(s.client(ctx, c.ID).Where("secret_digest = ?", old).
		Select("secret_digest", "previous_secret_digest", "previous_secret_until").Updates(&row))
}

// DescribeClient stores what c says of itself and may ask for, and nothing else.
// fault.NotFound: the client is gone.
func (s *Store) DescribeClient(ctx context.Context, c *authserver.Client) error {
	row := newClientRow(c)
	return foundClient(s.client(ctx, c.ID).Select("name", "redirect_uris", "scopes", "refresh_overlap",
		"localhost_ports", "pushed_only", "device_grant", "keys", "logo_uri").Updates(&row))
}

// ReplaceClient stores of c what its owner or an operator may change, in the place of
// what it was. false: the client is gone, or is not that any more.
func (s *Store) ReplaceClient(ctx context.Context, was, c *authserver.Client) (bool, error) {
	old, row := newClientRow(was), newClientRow(c)
	return wroteOne(s.client(ctx, c.ID).
		Where("name = ? AND redirect_uris = ? AND scopes = ? AND refresh_overlap = ?", old.Name, old.RedirectURIs, old.Scopes, old.RefreshOverlap).
		Where("localhost_ports = ? AND pushed_only = ? AND device_grant = ?", old.LocalhostPorts, old.PushedOnly, old.DeviceGrant).
		Select("name", "redirect_uris", "scopes", "refresh_overlap", "localhost_ports", "pushed_only", "device_grant").Updates(&row))
}

// CountClients returns how many clients ownerID has registered.
func (s *Store) CountClients(ctx context.Context, ownerID string) (int, error) {
	return database.Count(s.clientsOf(ctx, ownerID))
}

// OwnedClients returns the ids of the clients a user has registered.
func (s *Store) OwnedClients(ctx context.Context, userID string) ([]string, error) {
	var ids []string
	return ids, database.ErrorOf(s.clientsOf(ctx, userID).Order("created_at, id").Pluck("id", &ids))
}

// DisableOwnedClients switches the clients of a user off. One that an operator switched
// off is off already.
func (s *Store) DisableOwnedClients(ctx context.Context, userID string, at time.Time) error {
	return database.ErrorOf(s.clientsOf(ctx, userID).Where("disabled_at IS NULL").Update("disabled_at", at))
}

// EnableOwnedClients takes DisableOwnedClients of a moment back, but for what an operator
// has switched off before or since.
func (s *Store) EnableOwnedClients(ctx context.Context, userID string, at time.Time) error {
	return database.ErrorOf(s.clientsOf(ctx, userID).Where("disabled_at = ? AND stopped_at IS NULL", at).Update("disabled_at", nil))
}

// DeleteOwnedClients removes the clients of a user and, by cascade, what was
// issued to them.
func (s *Store) DeleteOwnedClients(ctx context.Context, userID string) error {
	return database.ErrorOf(s.clientsOf(ctx, userID).Delete(&clientRow{}))
}

// EnableClient takes DisableClient back, in the transaction of ctx. While the account of
// its owner is closed the client stays off, and comes back with the account. false: the
// client is gone, or no operator switched it off. By hand: it holds the owner, who may be
// leaving or coming back now.
func (s *Store) EnableClient(ctx context.Context, id string) (bool, error) {
	var left *time.Time
	err := s.db.QueryRow(ctx, s.locking(`SELECT u.deactivated_at FROM clients c JOIN users u ON u.id = c.owner_id WHERE c.id = $1 FOR NO KEY UPDATE OF u`), id).Scan(&left)
	if err != nil && !errors.Is(err, database.ErrNoRows) {
		return false, err
	}
	return wroteOne(s.client(ctx, id).Where("stopped_at IS NOT NULL").Updates(map[string]any{"stopped_at": nil, "disabled_at": left}))
}

// VerifyClient stores what a client was when it was verified, and its picture; "": it is
// not. false: the client is gone.
func (s *Store) VerifyClient(ctx context.Context, id, terms, logo string) (bool, error) {
	return wroteOne(s.client(ctx, id).Updates(map[string]any{"verified_terms": terms, "verified_logo": logo}))
}

// DisableClient switches a client off as an operator does: its owner's coming back does
// not switch it on. fault.NotFound: there is none.
func (s *Store) DisableClient(ctx context.Context, id string, at time.Time) error {
	return foundClient(s.client(ctx, id).Updates(map[string]any{
		"stopped_at": gorm.Expr("coalesce(stopped_at, ?)", at), "disabled_at": gorm.Expr("coalesce(disabled_at, ?)", at),
	}))
}

// DeleteClient removes the client and, by cascade, its grants and consents.
// fault.NotFound: there is none.
func (s *Store) DeleteClient(ctx context.Context, id string) error {
	return foundClient(s.client(ctx, id).Delete(&clientRow{}))
}

func newClientRow(c *authserver.Client) clientRow {
	row := clientRow{
		ID: c.ID, Name: c.Name, AuthMethod: c.AuthMethod,
		SecretDigest:         digestBytes(c.SecretDigest),
		PreviousSecretDigest: digestBytes(c.PreviousSecretDigest),
		RedirectURIs:         strings.Join(c.RedirectURIs, "\n"), Scopes: c.Scopes.String(),
		ResourceServer: c.ResourceServer, FirstParty: c.FirstParty,
		CreatedAt: c.CreatedAt, RefreshOverlap: int64(c.RefreshOverlap / time.Second), DisabledAt: c.DisabledAt, StoppedAt: c.StoppedAt,
		Introduced: c.Introduced, Keys: c.Keys, Management: digestBytes(c.Management),
		LocalhostPorts: c.LocalhostPorts, PushedOnly: c.PushedOnly, DeviceGrant: c.DeviceGrant, VerifiedTerms: c.VerifiedTerms,
		LogoURI: c.LogoURI, Logo: c.Logo, VerifiedLogo: c.VerifiedLogo,
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
		CreatedAt: row.CreatedAt.UTC(), RefreshOverlap: time.Duration(row.RefreshOverlap) * time.Second, DisabledAt: row.DisabledAt, StoppedAt: row.StoppedAt,
		Introduced: row.Introduced, Keys: row.Keys,
		LocalhostPorts: row.LocalhostPorts, PushedOnly: row.PushedOnly, DeviceGrant: row.DeviceGrant, VerifiedTerms: row.VerifiedTerms,
		LogoURI: row.LogoURI, Logo: row.Logo, VerifiedLogo: row.VerifiedLogo,
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

// EnsureFirstParty makes the built-in client of the product's own apps exist. By
// hand: replicas may start together, and one statement decides.
func (s *Store) EnsureFirstParty(ctx context.Context, now time.Time) error {
	_, err := s.db.Exec(ctx, `INSERT INTO clients (id, name, auth_method, redirect_uris, scopes, first_party, created_at)
		VALUES ($1, 'Latchkey apps', 'none', '', 'read_write', $2, $3) ON CONFLICT (id) DO NOTHING`,
		authserver.FirstPartyClientID, true, now)
	return err
}
