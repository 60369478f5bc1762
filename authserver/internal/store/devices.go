package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/secret"
)

type deviceRow struct {
	authserver.Device
	EndedAt *time.Time
}

func (deviceRow) TableName() string { return "devices" }

func (r deviceRow) device() authserver.Device { return r.Device }

func (s *Store) devices(ctx context.Context, userID string) *gorm.DB {
	return s.rows(ctx).Model(&deviceRow{}).Where("user_id = ? AND ended_at IS NULL", userID)
}

// SaveDevice stores a device or, when the user has one with this device id,
// updates it. d.ID and d.CreatedAt become those of the row. The row is locked
// until the transaction ends: sign-ins on one device come one after the other. By
// hand: one statement decides between sign-ins on a new device and returns the row.
func (s *Store) SaveDevice(ctx context.Context, d *authserver.Device) error {
	return s.db.QueryRow(ctx, `INSERT INTO devices
			(id, user_id, device_id, name, kind, os_version, app_version, created_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (user_id, device_id) DO UPDATE SET name = excluded.name, kind = excluded.kind,
			os_version = excluded.os_version, app_version = excluded.app_version, seen_at = excluded.seen_at, ended_at = NULL
		RETURNING id, created_at`, d.ID, d.UserID, d.DeviceID, d.Name, d.Kind, d.OSVersion, d.AppVersion, d.CreatedAt, d.SeenAt).
		Scan(&d.ID, &d.CreatedAt)
}

// ListDevices returns the devices of a user that were not revoked, last seen first.
func (s *Store) ListDevices(ctx context.Context, userID string) ([]authserver.Device, error) {
	rows, err := database.Find[deviceRow](s.devices(ctx, userID).Order("seen_at DESC, id"))
	return database.Mapped(rows, deviceRow.device), err
}

// EndDevice revokes a device of the user. false: there is none with this id.
func (s *Store) EndDevice(ctx context.Context, userID, id string, now time.Time) (bool, error) {
	return wroteOne(s.devices(ctx, userID).Where("id = ?", id).Update("ended_at", now))
}

// EndDevices revokes every device of the user.
func (s *Store) EndDevices(ctx context.Context, userID string, now time.Time) error {
	return database.ErrorOf(s.devices(ctx, userID).Update("ended_at", now))
}

// StampDevice notes that the device a grant is bound to was seen.
func (s *Store) StampDevice(ctx context.Context, grantID string, now time.Time) error {
	_, err := s.db.Exec(ctx, `UPDATE devices SET seen_at = $2 WHERE id = (SELECT device_id FROM grants WHERE id = $1) AND seen_at < $2`,
		grantID, now)
	return err
}

// DeviceOfRefreshToken returns the app's device id that the grant of a refresh
// token is bound to; "": none, or there is no such grant.
func (s *Store) DeviceOfRefreshToken(ctx context.Context, handle secret.HandleDigest) (string, error) {
	return s.device(ctx, `SELECT d.device_id FROM grants g JOIN devices d ON d.id = g.device_id WHERE g.handle = $1`, handle[:])
}

// DeviceOfGrant returns our id of the device a grant is bound to; "": none.
func (s *Store) DeviceOfGrant(ctx context.Context, grantID string) (string, error) {
	return s.device(ctx, `SELECT device_id FROM grants WHERE id = $1`, grantID)
}

// GrantOpenedAt returns when a grant of the product's own apps was opened by a
// sign-in. fault.NotFound: it is none.
func (s *Store) GrantOpenedAt(ctx context.Context, grantID string) (time.Time, error) {
	var at time.Time
	err := s.db.QueryRow(ctx, `SELECT created_at FROM grants WHERE id = $1 AND client_id = $2`, grantID, authserver.FirstPartyClientID).Scan(&at)
	return at, database.Translate(err)
}

func (s *Store) device(ctx context.Context, text string, arg any) (string, error) {
	var id *string
	err := s.db.QueryRow(ctx, text, arg).Scan(&id)
	if errors.Is(err, database.ErrNoRows) || err == nil && id == nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return *id, nil
}

// collect runs a statement and reads every row into the fields of a T.
func collect[T any](ctx context.Context, s *Store, fields func(*T) []any, text string, args ...any) ([]T, error) {
	rows, err := s.db.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err is checked below
	list := []T{}
	for rows.Next() {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, rows.Err()
}
