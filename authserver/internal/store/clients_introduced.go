package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// Clients that introduce themselves.

// ShareClient stores c under the digest of what it registered, or returns the
// client that an equal registration has made before, which counts as seen now.
func (s *Store) ShareClient(ctx context.Context, c *authserver.Client, shared secret.Digest) (*authserver.Client, error) {
	row := newClientRow(c)
	row.Shared = shared[:]
	made, err := wroteOne(s.rows(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)) // an error would end the transaction of ctx
	if err != nil || made {
		return c, err
	}
	var id string
	err = s.db.QueryRow(ctx, `UPDATE clients SET seen_at = $2 WHERE shared = $1 RETURNING id`, shared[:], c.SeenAt).Scan(&id)
	if err != nil {
		return nil, database.Translate(err)
	}
	return s.FindClient(ctx, id)
}

// KeepDocument stores the client of a document as it was fetched last.
func (s *Store) KeepDocument(ctx context.Context, c *authserver.Client) error {
	_, err := s.db.Exec(ctx, `INSERT INTO clients (id, name, auth_method, redirect_uris, scopes, created_at, introduced, keys, seen_at, device_grant, pushed_only, logo_uri)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $6, $9, $10, $11)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, auth_method = excluded.auth_method, redirect_uris = excluded.redirect_uris,
			scopes = excluded.scopes, keys = excluded.keys, seen_at = excluded.seen_at, device_grant = excluded.device_grant,
			pushed_only = excluded.pushed_only, logo_uri = excluded.logo_uri
		WHERE clients.introduced = excluded.introduced`,
		c.ID, c.Name, c.AuthMethod, strings.Join(c.RedirectURIs, "\n"), c.Scopes.String(), c.SeenAt, c.Introduced, c.Keys, c.DeviceGrant, c.PushedOnly, c.LogoURI)
	return err
}

// TouchClient notes that a client which introduced itself is in use.
func (s *Store) TouchClient(ctx context.Context, id string, at time.Time) error {
	_, err := s.db.Exec(ctx, `UPDATE clients SET seen_at = $2 WHERE id = $1 AND seen_at < $2`, id, at)
	return err
}

// CreateRegistrationToken stores an initial access token.
func (s *Store) CreateRegistrationToken(ctx context.Context, t authserver.RegistrationToken) error {
	return database.ErrorOf(s.rows(ctx).Create(&registrationTokenRow{RegistrationToken: t, MadeBy: orNull(t.MadeBy)}))
}

// ListRegistrationTokens returns every initial access token, oldest first.
func (s *Store) ListRegistrationTokens(ctx context.Context) ([]authserver.RegistrationToken, error) {
	rows, err := database.Find[registrationTokenRow](s.rows(ctx).Order("created_at, id"))
	return database.Mapped(rows, registrationTokenRow.token), err
}

// UseRegistrationToken counts a registration. false: the token is unknown, revoked
// or expired at now, or was used as often as it may be.
func (s *Store) UseRegistrationToken(ctx context.Context, digest secret.Digest, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE registration_tokens SET used = used + 1, used_at = $2 WHERE digest = $1 AND revoked_at IS NULL
		AND (expires_at IS NULL OR expires_at > $2) AND (uses = 0 OR used < uses)`, digest[:], now)
	return n == 1, err
}

// RevokeRegistrationToken ends an initial access token. fault.NotFound: there is
// none that could be ended.
func (s *Store) RevokeRegistrationToken(ctx context.Context, id string, now time.Time) error {
	n, err := s.db.Exec(ctx, `UPDATE registration_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, id, now)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "There is no such registration token, or it has already been revoked")
	}
	return err
}

type registrationTokenRow struct {
	authserver.RegistrationToken
	MadeBy *string
}

func (r registrationTokenRow) token() authserver.RegistrationToken {
	if r.MadeBy != nil {
		r.RegistrationToken.MadeBy = *r.MadeBy
	}
	return r.RegistrationToken
}

func (registrationTokenRow) TableName() string { return "registration_tokens" }
