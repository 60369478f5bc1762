package store

import (
	"context"
	"fmt"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Statements by hand: one counts and stores, and polling devices ask often.

// CreateDeviceRequest stores a device that waits. false: most wait already.
// fault.Conflict: another one has the same user code.
func (s *Store) CreateDeviceRequest(ctx context.Context, r authserver.DeviceRequest, most int) (bool, error) {
	n, err := s.db.Exec(ctx, `INSERT INTO device_requests (digest, user_code, client_id, scopes, resource, address, created_at, expires_at, poll_interval)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE (SELECT count(*) FROM device_requests WHERE expires_at > $7 AND decided = '') < $10`,
		r.Digest[:], r.UserCode[:], r.ClientID, r.Scopes.String(), r.Resource, r.Address, r.CreatedAt, r.ExpiresAt, r.Interval, most)
	return n == 1, err
}

const deviceRequestColumns = `digest, user_code, client_id, scopes, resource, address, created_at, expires_at, poll_interval, decided`

// FindDeviceRequest returns the request that waits with the user code. fault.NotFound:
// none does at now.
func (s *Store) FindDeviceRequest(ctx context.Context, userCode secret.Digest, now time.Time) (*authserver.DeviceRequest, error) {
	return s.deviceRequest(ctx, `SELECT `+deviceRequestColumns+` FROM device_requests
		WHERE user_code = $1 AND expires_at > $2 AND decided = ''`, userCode[:], now)
}

// PollDeviceRequest returns the client's request with the device code.
// fault.NotFound: there is none.
func (s *Store) PollDeviceRequest(ctx context.Context, digest secret.Digest, clientID string) (*authserver.DeviceRequest, error) {
	return s.deviceRequest(ctx, `SELECT `+deviceRequestColumns+` FROM device_requests WHERE digest = $1 AND client_id = $2`, digest[:], clientID)
}

func (s *Store) deviceRequest(ctx context.Context, text string, args ...any) (*authserver.DeviceRequest, error) {
	var (
		r      authserver.DeviceRequest
		scopes string
	)
	err := s.db.QueryRow(ctx, text, args...).Scan(&r.Digest, &r.UserCode, &r.ClientID, &scopes, &r.Resource, &r.Address, &r.CreatedAt, &r.ExpiresAt, &r.Interval, &r.Decided)
	if err != nil {
		return nil, database.Translate(err)
	}
	if r.Scopes, err = scope.Parse(scopes); err != nil {
		return nil, fmt.Errorf("store: device request: %w", err)
	}
	return &r, nil
}

// DecideDeviceRequest writes what the person said, once. false: it is too late.
func (s *Store) DecideDeviceRequest(ctx context.Context, digest secret.Digest, decided string, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE device_requests SET decided = $2 WHERE digest = $1 AND decided = '' AND expires_at > $3`, digest[:], decided, now)
	return n == 1, err
}

// AdmitPoll notes that the device asked at now, and may ask again after next. false: it
// asked too soon, and has to wait slower seconds longer from now on. Of requests that
// come together one is admitted.
func (s *Store) AdmitPoll(ctx context.Context, digest secret.Digest, now, next time.Time, slower int) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE device_requests SET next_poll = $3
		WHERE digest = $1 AND (next_poll IS NULL OR next_poll <= $2)`, digest[:], now, next)
	if err != nil || n == 1 {
		return n == 1, err
	}
	_, err = s.db.Exec(ctx, `UPDATE device_requests SET poll_interval = poll_interval + $2 WHERE digest = $1`, digest[:], slower)
	return false, err
}
