package authserver

import (
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/pkg/fault"
)

// Device is a phone or browser that signed in through the JSON API.
type Device struct {
	ID         string // ours
	UserID     string
	DeviceID   string // the app's own; unique for a user
	Name       string
	Kind       string // "ios", "android" or "web"
	OSVersion  string
	AppVersion string
	CreatedAt  time.Time
	SeenAt     time.Time
}

const maxDeviceField = 255 // characters

// CheckDevice trims the fields and refuses a device that is not described in
// full (docs/contract.md, "Device object"): one answer for everything that can
// be wrong.
func CheckDevice(d *Device) error {
	refused := fault.New(fault.Malformed, "Device information is required")
	for _, field := range []*string{&d.DeviceID, &d.Name, &d.Kind, &d.OSVersion, &d.AppVersion} {
		*field = strings.TrimSpace(*field)
		if *field == "" || utf8.RuneCountInString(*field) > maxDeviceField || strings.ContainsFunc(*field, unprintable) {
			return refused
		}
	}
	switch d.Kind {
	case "ios", "android", "web":
		return nil
	}
	return refused
}
