package authserver

import (
	"time"

	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// DeviceRequest is a device that waits for somebody's approval (RFC 8628).
type DeviceRequest struct {
	Digest    secret.Digest // of the device code
	UserCode  secret.Digest // of the code that the person types
	ClientID  string
	Scopes    scope.Set
	Resource  string
	Address   string // that the device asked from
	CreatedAt time.Time
	ExpiresAt time.Time
	Interval  int    // seconds that it waits from one question to the next
	Decided   string // DeviceAllowed, DeviceDenied; empty: not yet
}

// What a person said to a device.
const (
	DeviceAllowed = "allowed"
	DeviceDenied  = "denied"
)
