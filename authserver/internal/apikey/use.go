package apikey

import (
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/keyuse"
)

const (
	maxCount    = 1_000_000_000 // uses in one report
	maxClientID = 2048          // bytes; those of documents are addresses
)

// checkUse refuses what nobody can have counted, and brings the rest into the
// form the tables have.
func checkUse(u *keyuse.Use, earliest, latest time.Time) error {
	switch {
	case u.Kind != keyuse.KindKey && u.Kind != keyuse.KindClient && u.Kind != keyuse.KindGrant:
		return fault.New(fault.Invalid, "A report names a kind that is none of client and grant")
	case u.Kind == keyuse.KindClient && (u.ID == "" || len(u.ID) > maxClientID || !utf8.ValidString(u.ID) || strings.ContainsRune(u.ID, 0)),
		u.Kind != keyuse.KindClient && !authserver.ValidID(u.ID):
		return fault.New(fault.Invalid, "A reported key or application has no id")
	}
	if u.At.IsZero() || u.At.After(latest) || u.At.Before(earliest) {
		return fault.New(fault.Invalid, "A reported use has no time, or one that has not come yet or is a day ago")
	}
	if min(u.Count, u.Limited, u.Forbidden) < 0 || max(u.Count, u.Limited, u.Forbidden) > maxCount || u.Count+u.Limited+u.Forbidden == 0 {
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
	u.Hour = keyuse.Span(u.Kind, u.At)
	return nil
}
