package apikey

import (
	"net/netip"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/keyuse"
)

const maxCount = 1_000_000_000 // uses in one report

// checkUse refuses what nobody can have counted, and brings the rest into the
// form the tables have.
func checkUse(u *keyuse.Use, latest time.Time) error {
	if !authserver.ValidID(u.KeyID) {
		return fault.New(fault.Invalid, "A reported key has no id")
	}
	if u.At.IsZero() || u.At.After(latest) || u.At.Year() < 2000 {
		return fault.New(fault.Invalid, "A reported use has no time, or one that has not come yet")
	}
	if u.Count < 1 || u.Count > maxCount {
		return fault.New(fault.Invalid, "A reported use has no count")
	}
	if u.From != "" {
		addr, err := netip.ParseAddr(u.From)
		if err != nil {
			return fault.New(fault.Invalid, "A reported use came from no IP address")
		}
		u.From = addr.WithZone("").String()
	}
	u.At = u.At.UTC().Truncate(time.Microsecond)
	u.Hour = u.At.Truncate(time.Hour)
	return nil
}
